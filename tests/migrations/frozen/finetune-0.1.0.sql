BEGIN TRANSACTION;
CREATE TABLE finetune_runs (
	id VARCHAR(32) NOT NULL, 
	number INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	changed_at BIGINT NOT NULL, 
	started_by VARCHAR(64) NOT NULL, 
	idempotency_key VARCHAR(200), 
	"plan" TEXT NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	examples TEXT NOT NULL, 
	reasons TEXT NOT NULL, 
	result TEXT, 
	launches INTEGER NOT NULL, 
	mark VARCHAR(64) NOT NULL, 
	stopping BOOLEAN NOT NULL, 
	releasing BOOLEAN NOT NULL, 
	release_begun BOOLEAN NOT NULL, 
	released INTEGER, 
	promoted_by VARCHAR(64), 
	PRIMARY KEY (id), 
	UNIQUE (number), 
	UNIQUE (idempotency_key)
);
INSERT INTO "finetune_runs" VALUES('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1,1700000000000000,1700000000000015,'otto',NULL,'{"target": {"model": "small", "version": 1}, "campaign_ids": ["cccccccccccccccccccccccccccccccc"], "s0": "/srv/s0", "t0": "/srv/t0", "recipe": "modern", "changes": {"epochs": 6}, "bounds": {"drop": 0.01, "negative_flips": 0.1, "flip": 0.1, "megabytes": 2000.0, "slower": 1.25}, "seed": 3, "promote": false}','released','{"s": 6, "s0": 6, "t0-select": 5, "t0-report": 7}','[]','{"passed": true, "reasons": [], "checks": [{"name": "agreement", "found": 1.0, "allowed": 0.999, "passed": true, "sentence": "all pixels agree"}], "t0_report": {"before": {"value": 0.5, "low": 0.4, "high": 0.6, "images": 5}, "after": {"value": 0.75, "low": 0.7, "high": 0.8, "images": 5}}, "data_sha256": "dadadadadadadadadadadadadadadadadadadadadadadadadadadadadadadada", "parent_sha256": "fefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefe", "code": "0.1"}',1,'1700000000000000000',0,0,1,2,'otto');
INSERT INTO "finetune_runs" VALUES('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',2,1700000000000001,1700000000000012,'otto','round 1','{"target": {"model": "small", "version": 1}, "campaign_ids": ["cccccccccccccccccccccccccccccccc"], "s0": "/srv/s0", "t0": "/srv/t0", "recipe": "modern", "changes": {"epochs": 6}, "bounds": {"drop": 0.01, "negative_flips": 0.1, "flip": 0.1, "megabytes": 2000.0, "slower": 1.25}, "seed": 3, "promote": false}','passed','{"s": 6, "s0": 6, "t0-select": 5, "t0-report": 7}','[]','{"passed": true, "reasons": [], "checks": [{"name": "agreement", "found": 1.0, "allowed": 0.999, "passed": true, "sentence": "all pixels agree"}], "t0_report": {"before": {"value": 0.5, "low": 0.4, "high": 0.6, "images": 5}, "after": {"value": 0.75, "low": 0.7, "high": 0.8, "images": 5}}, "data_sha256": "dadadadadadadadadadadadadadadadadadadadadadadadadadadadadadadada", "parent_sha256": "fefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefe", "code": "0.1"}',1,'1700000000000000000',0,0,0,NULL,NULL);
INSERT INTO "finetune_runs" VALUES('dddddddddddddddddddddddddddddddd',3,1700000000000002,1700000000000011,'otto','round 2','{"target": {"model": "small", "version": 1}, "campaign_ids": ["cccccccccccccccccccccccccccccccc"], "s0": "/srv/s0", "t0": "/srv/t0", "recipe": "modern", "changes": {"epochs": 6}, "bounds": {"drop": 0.01, "negative_flips": 0.1, "flip": 0.1, "megabytes": 2000.0, "slower": 1.25}, "seed": 3, "promote": false}','training','{"s": 6, "s0": 6, "t0-select": 5, "t0-report": 7}','[]',NULL,1,'1700000000000000000',0,0,0,NULL,NULL);
CREATE INDEX finetune_runs_by_state ON finetune_runs (state, number);
COMMIT;
