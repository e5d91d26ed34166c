"""Hands pictures from a Kafka topic of yours to madseg. Needs kafka-python beside the client.

python forward_kafka.py broker:9092 camera-frames

A place in the topic is committed once its pictures were answered: after a kill some come twice, which is harmless, and
none is lost. While madseg is away it waits.
"""

import sys
import time

from kafka import KafkaConsumer

from madseg.client import Client, Refused, Unavailable, Upload


def main(brokers: str, topic: str) -> None:
    consumer = KafkaConsumer(
        bootstrap_servers=brokers,
        group_id=f"madseg-forward-{topic}",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    consumer.subscribe([topic])
    with Client.from_environment() as client:
        while True:
            polled = consumer.poll(timeout_ms=1000, max_records=20)
            uploads = [
                Upload(record.value, f"{topic}/{record.partition}/{record.offset}", topic)
                for records in polled.values()
                for record in records
            ]
            if uploads:
                send(client, uploads)
                consumer.commit()


def send(client: Client, uploads: list[Upload]) -> None:
    """Until each was answered. What can't be taken in is told, and passed over."""
    while True:
        try:
            for result in client.upload_many(uploads):
                if isinstance(result, Refused):
                    print(f"{result.name} was refused: {result.reason}", file=sys.stderr, flush=True)
            return
        except Unavailable as error:
            print(f"{error}; again in 5 s", file=sys.stderr, flush=True)
            time.sleep(5)


if __name__ == "__main__":
    main(*sys.argv[1:])
