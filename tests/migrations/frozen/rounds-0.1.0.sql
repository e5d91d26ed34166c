BEGIN TRANSACTION;
CREATE TABLE rounds_figures (
	digest VARCHAR(64) NOT NULL, 
	figures TEXT NOT NULL, 
	PRIMARY KEY (digest)
);
INSERT INTO "rounds_figures" VALUES('504c563b6cd0e0019ede5211497eb0a0a36779e36605062e07b07e8d346efcc1','{"figures": {"better/1": {"value": 0.8415704665704666, "low": 0.8387445887445888, "high": 0.8472222222222222, "images": 3}, "small/1": {"value": 0.5991582491582491, "low": 0.5972222222222222, "high": 0.6022727272727272, "images": 3}, "small/2": {"value": 0.7906846240179574, "low": 0.7759259259259258, "high": 0.8090909090909091, "images": 3}}, "ties": [["better/1", "small/2", "small/1"]], "differences": [{"before": "small/1", "after": "small/2", "gain": {"value": 0.19152637485970822, "low": 0.17365319865319861, "high": 0.21186868686868687, "images": 3}, "p_value": 0.24417558244175583, "images_to_separate": 2, "worse": 0, "better": 3}], "stability": [1.0, 1.0, 1.0]}');
INSERT INTO "rounds_figures" VALUES('f1604655810db22ae79d2d0f0e5a04aa5f2b6ba813058a9975f1417925deb105','{"figures": {"better/1": {"value": 0.8422727272727272, "low": 0.8354713804713805, "high": 0.8522222222222222, "images": 5}, "small/1": {"value": 0.5945978095978096, "low": 0.5732090132090132, "high": 0.615, "images": 5}, "small/2": {"value": 0.771024531024531, "low": 0.7607527657527656, "high": 0.7822772967772967, "images": 5}}, "ties": [["better/1", "small/2", "small/1"]], "differences": [{"before": "small/1", "after": "small/2", "gain": {"value": 0.17642672142672136, "low": 0.15779942279942272, "high": 0.19329152791652762, "images": 5}, "p_value": 0.06519348065193481, "images_to_separate": 2, "worse": 0, "better": 5}], "stability": [1.0, 1.0, 1.0, 1.0, 1.0]}');
CREATE TABLE rounds_images (
	model VARCHAR(63) NOT NULL, 
	round INTEGER NOT NULL, 
	image_id VARCHAR(32) NOT NULL, 
	mask VARCHAR(48) NOT NULL, 
	PRIMARY KEY (model, round, image_id)
);
INSERT INTO "rounds_images" VALUES('small',1,'00000000000000000000000000000001','eb4899d5c46e766ad844bf8e4cc6652f/1');
INSERT INTO "rounds_images" VALUES('small',1,'00000000000000000000000000000002','d140f154e481d283a10f0476e342930b/1');
INSERT INTO "rounds_images" VALUES('small',1,'00000000000000000000000000000003','363fcbc4d5024a6a62baf0afe0ef2aea/1');
INSERT INTO "rounds_images" VALUES('small',0,'000000000000000000000000000003e8','37882fd66bbd1d9969da48a308dac485/1');
INSERT INTO "rounds_images" VALUES('small',0,'000000000000000000000000000003e9','5d595497c323ae94b7124df118ae0b23/1');
INSERT INTO "rounds_images" VALUES('small',0,'000000000000000000000000000003ea','34101c66400197c6dea7ffe3908245e3/1');
INSERT INTO "rounds_images" VALUES('small',0,'000000000000000000000000000003eb','e8b7a3c9a00b6a3bc4c212eacb252e30/1');
INSERT INTO "rounds_images" VALUES('small',0,'000000000000000000000000000003ec','63aaa119337ec6ac0ec2ec5bc2379b50/1');
CREATE TABLE rounds_policies (
	model VARCHAR(63) NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	candidates INTEGER NOT NULL, 
	seconds INTEGER NOT NULL, 
	rounds INTEGER NOT NULL, 
	"plan" TEXT NOT NULL, 
	set_at BIGINT NOT NULL, 
	begun INTEGER NOT NULL, 
	evaluated BOOLEAN NOT NULL, 
	PRIMARY KEY (model)
);
INSERT INTO "rounds_policies" VALUES('small',1,1000,0,2,'{"per_ranking": 5, "campaign": {"raters": 1, "counterexamples": 4, "test_reserved": 3, "test_reported": 3, "test_per_class": 4, "adaptive": false, "full_share": 0.1, "repeat_share": 0.05, "lease_seconds": 900}, "double_share": 0.05, "training": {"target": {}, "s0": "/srv/s0", "t0": "/srv/t0", "recipe": "modern", "bounds": {"drop": 0.01, "negative_flips": 0.1, "flip": 0.1, "megabytes": 2000.0, "slower": 1.25}}}',1700000060000000,0,0);
CREATE TABLE rounds_results (
	mask VARCHAR(48) NOT NULL, 
	model VARCHAR(63) NOT NULL, 
	version INTEGER NOT NULL, 
	confusion BLOB NOT NULL, 
	mean_iou FLOAT NOT NULL, 
	PRIMARY KEY (mask, model, version)
);
INSERT INTO "rounds_results" VALUES('eb4899d5c46e766ad844bf8e4cc6652f/1','better',1,X'789C636760606064400076280D13E300620001F80019',8.47222222222222209886e-01);
INSERT INTO "rounds_results" VALUES('eb4899d5c46e766ad844bf8e4cc6652f/1','small',1,X'789C6367606060644000562066026266289F0D880102000019',6.0227272727272718189e-01);
INSERT INTO "rounds_results" VALUES('d140f154e481d283a10f0476e342930b/1','better',1,X'789CE362606060644000362C7C00024C0019',8.3874458874458879265e-01);
INSERT INTO "rounds_results" VALUES('d140f154e481d283a10f0476e342930b/1','small',1,X'789CE360606060664000562066026246243E0002480019',5.97222222222222209886e-01);
INSERT INTO "rounds_results" VALUES('363fcbc4d5024a6a62baf0afe0ef2aea/1','better',1,X'789CE362606060644000362C7C00024C0019',8.3874458874458879265e-01);
INSERT INTO "rounds_results" VALUES('363fcbc4d5024a6a62baf0afe0ef2aea/1','small',1,X'789CE36060606066400016343E1B100300023C0019',0.597979797979798);
INSERT INTO "rounds_results" VALUES('37882fd66bbd1d9969da48a308dac485/1','better',1,X'789CE36060606062400076065400E20300022C0019',8.59259259259259278174e-01);
INSERT INTO "rounds_results" VALUES('37882fd66bbd1d9969da48a308dac485/1','small',1,X'789C636560606065400036206644E2B3033100021C0019',0.625);
INSERT INTO "rounds_results" VALUES('5d595497c323ae94b7124df118ae0b23/1','better',1,X'789CE36640052C40CC08C520C00EC40002380019',8.3148148148148148806e-01);
INSERT INTO "rounds_results" VALUES('5d595497c323ae94b7124df118ae0b23/1','small',1,X'789CE364606060624000162066046266289F15880102400019',0.58994708994709);
INSERT INTO "rounds_results" VALUES('34101c66400197c6dea7ffe3908245e3/1','better',1,X'789C636140055C40CC08C520C001C40001B80019',8.36363636363636309134e-01);
INSERT INTO "rounds_results" VALUES('34101c66400197c6dea7ffe3908245e3/1','small',1,X'789C63626060606240004E281F26C60EC40001B40019',5.54001554001553930817e-01);
INSERT INTO "rounds_results" VALUES('e8b7a3c9a00b6a3bc4c212eacb252e30/1','better',1,X'789CE36040051C40CC08C520C006C40002180019',8.42592592592592559697e-01);
INSERT INTO "rounds_results" VALUES('e8b7a3c9a00b6a3bc4c212eacb252e30/1','small',1,X'789C6367606060644000362066066226289F15880102140019',0.6);
INSERT INTO "rounds_results" VALUES('63aaa119337ec6ac0ec2ec5bc2379b50/1','better',1,X'789CE3644005EC40CC08C520C006C40002280019',8.41666666666666674068e-01);
INSERT INTO "rounds_results" VALUES('63aaa119337ec6ac0ec2ec5bc2379b50/1','small',1,X'789C6363606060664000362066026246243E0002180019',0.604040404040404);
INSERT INTO "rounds_results" VALUES('eb4899d5c46e766ad844bf8e4cc6652f/1','small',2,X'789C636760606064400036281F26C601C40001F40019',7.75925925925925796811e-01);
INSERT INTO "rounds_results" VALUES('d140f154e481d283a10f0476e342930b/1','small',2,X'789CE360606060664000760654C006C40002480019',8.09090909090909082834e-01);
INSERT INTO "rounds_results" VALUES('363fcbc4d5024a6a62baf0afe0ef2aea/1','small',2,X'789CE3646060606240007628CD08A55981180002540019',7.87037037037037090492e-01);
INSERT INTO "rounds_results" VALUES('37882fd66bbd1d9969da48a308dac485/1','small',2,X'789CE36460606064400056206642E2B303310002280019',7.67592592592592493083e-01);
INSERT INTO "rounds_results" VALUES('5d595497c323ae94b7124df118ae0b23/1','small',2,X'789CE36460606062400016206644E27300310002280019',7.59499759499759452552e-01);
INSERT INTO "rounds_results" VALUES('34101c66400197c6dea7ffe3908245e3/1','small',2,X'789C636140055C40CC08C44C503E3B10030001C00019',7.58585858585858474611e-01);
INSERT INTO "rounds_results" VALUES('e8b7a3c9a00b6a3bc4c212eacb252e30/1','small',2,X'789C63656060606640004E0654C00EC40002080019',7.91666666666666629659e-01);
INSERT INTO "rounds_results" VALUES('63aaa119337ec6ac0ec2ec5bc2379b50/1','small',2,X'789CE36060606064400036206642E2B303310002180019',7.77777777777777679091e-01);
CREATE TABLE rounds_rounds (
	id VARCHAR(32) NOT NULL, 
	serial INTEGER NOT NULL, 
	model VARCHAR(63) NOT NULL, 
	number INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	changed_at BIGINT NOT NULL, 
	revision INTEGER NOT NULL, 
	started_by VARCHAR(64) NOT NULL, 
	idempotency_key VARCHAR(200), 
	going_on VARCHAR(63), 
	"plan" TEXT NOT NULL, 
	step VARCHAR(16) NOT NULL, 
	outcome VARCHAR(16), 
	notes TEXT NOT NULL, 
	steps TEXT NOT NULL, 
	awaits BOOLEAN NOT NULL, 
	approved BOOLEAN NOT NULL, 
	despite BOOLEAN NOT NULL, 
	done BIGINT NOT NULL, 
	total BIGINT NOT NULL, 
	candidate_set_id VARCHAR(32) NOT NULL, 
	campaign_id VARCHAR(32) NOT NULL, 
	run_begun BOOLEAN NOT NULL, 
	run_id VARCHAR(32) NOT NULL, 
	promoting BOOLEAN NOT NULL, 
	stopping BOOLEAN NOT NULL, 
	released INTEGER, 
	candidates INTEGER NOT NULL, 
	counterexamples INTEGER NOT NULL, 
	test INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (model, number), 
	UNIQUE (serial), 
	UNIQUE (idempotency_key), 
	UNIQUE (going_on)
);
INSERT INTO "rounds_rounds" VALUES('cf7c48aeb1cd27091452e65b1e67c73e',1,'small',1,1,1700000000000000,1700000000000000,22,'otto','first',NULL,'{"per_ranking": 5, "campaign": {"raters": 1, "counterexamples": 4, "test_reserved": 3, "test_reported": 3, "test_per_class": 4, "adaptive": false, "full_share": 0.1, "repeat_share": 0.05, "lease_seconds": 900, "seed": "934431548631732848"}, "double_share": 0.05, "training": {"target": {}, "s0": "/srv/s0", "t0": "/srv/t0", "recipe": "modern", "bounds": {"drop": 0.01, "negative_flips": 0.1, "flip": 0.1, "megabytes": 2000.0, "slower": 1.25}}}','ended','released','[]','[["mining", 1700000000000000, 1700000000000000], ["scoring", 1700000000000000, 1700000000000000], ["choosing", 1700000000000000, 1700000000000000], ["drawing", 1700000000000000, 1700000000000000], ["evaluating", 1700000000000000, 1700000000000000], ["training", 1700000000000000, 1700000000000000], ["replaying", 1700000000000000, 1700000000000000], ["ended", 1700000000000000, 1700000000000000]]',0,0,0,0,0,'c68d15dd916c15944c2468ff2519af10','88ab266bfadfc07bd5dfe30ee64cee1e',1,'73081e255c9b51da26538e7801bec667',1,0,2,10,4,3);
INSERT INTO "rounds_rounds" VALUES('c272aff36b11e2f9ca72c001f79ab990',2,'small',2,2,1700000060000000,1700000060000000,3,'otto','second','small','{"per_ranking": 5, "campaign": {"raters": 1, "counterexamples": 4, "test_reserved": 3, "test_reported": 3, "test_per_class": 4, "adaptive": false, "full_share": 0.1, "repeat_share": 0.05, "lease_seconds": 900, "seed": "875715928169455151"}, "double_share": 0.05, "training": {"target": {}, "s0": "/srv/s0", "t0": "/srv/t0", "recipe": "modern", "bounds": {"drop": 0.01, "negative_flips": 0.1, "flip": 0.1, "megabytes": 2000.0, "slower": 1.25}}}','scoring',NULL,'[]','[["mining", 1700000060000000, 1700000060000000], ["scoring", 1700000060000000, null]]',0,0,0,0,0,'fd74de01e664884e97c333755c99a266','27c160f5293faf3b7e4ab066936947fa',0,'',0,0,NULL,10,0,0);
CREATE TABLE rounds_sets (
	model VARCHAR(63) NOT NULL, 
	round INTEGER NOT NULL, 
	vetoed INTEGER NOT NULL, 
	PRIMARY KEY (model, round)
);
INSERT INTO "rounds_sets" VALUES('small',1,0);
INSERT INTO "rounds_sets" VALUES('small',0,0);
CREATE TABLE rounds_versions (
	model VARCHAR(63) NOT NULL, 
	version INTEGER NOT NULL, 
	report TEXT, 
	trained TEXT NOT NULL, 
	PRIMARY KEY (model, version)
);
INSERT INTO "rounds_versions" VALUES('small',1,'{"value": 0.5, "low": 0.4, "high": 0.6, "images": 5}','[]');
INSERT INTO "rounds_versions" VALUES('small',2,'{"value": 0.6, "low": 0.5, "high": 0.7, "images": 5}','["00000000000000000000000000000004", "00000000000000000000000000000005", "00000000000000000000000000000006", "00000000000000000000000000000007"]');
CREATE INDEX rounds_by_model ON rounds_rounds (model, serial);
CREATE INDEX rounds_to_stop ON rounds_rounds (stopping);
COMMIT;
