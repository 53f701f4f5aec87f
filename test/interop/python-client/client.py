"""librdkafka through its Python client: one command a run, so that a test can restart the broker in between.

client.py create  BOOTSTRAP TOPIC PARTITIONS
client.py produce BOOTSTRAP TOPIC COUNT [CODEC]     idempotent; prints {"delivered": N, "partitions": {...}}
client.py consume BOOTSTRAP TOPIC GROUP COUNT       reads COUNT records from the committed offset on, commits, prints them
client.py transact BOOTSTRAP TOPIC ID KIND,...      a transaction of three records for each KIND: commit, abort or open (left so)
client.py describe BOOTSTRAP GROUP                  prints the group's state, members and committed offsets
"""
import json
import os
import sys
import time

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic


def create(bootstrap, topic, partitions):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for future in admin.create_topics([NewTopic(topic, int(partitions), -1, config={"retention.ms": "86400000"})]).values():
        future.result(120)
    def describe():
        configs = admin.describe_configs([ConfigResource("topic", topic)])
        return list(configs.values())[0].result(120), admin.list_topics(topic, timeout=120).topics[topic]

    # Any broker answers, and each learns of the topic by itself.
    deadline = time.monotonic() + 60
    while True:
        try:
            entries, described = describe()
            if described.error is None and len(described.partitions) == int(partitions):
                break
        except KafkaException as error:
            if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART or time.monotonic() > deadline:
                raise
        if time.monotonic() > deadline:
            break
    return {"partitions": len(described.partitions), "retention.ms": entries["retention.ms"].value}


def produce(bootstrap, topic, count, codec="none"):
    delivered, failed = {}, []

    def on_delivery(error, message):
        if error is not None:
            failed.append(str(error))
        else:
            delivered[message.partition()] = delivered.get(message.partition(), 0) + 1

    producer = Producer(
        {"bootstrap.servers": bootstrap, "enable.idempotence": True, "compression.type": codec, "linger.ms": 5}
    )
    for index in range(int(count)):
        producer.produce(topic, key=f"key-{index}", value=f"value-{index}", headers={"index": str(index)}, callback=on_delivery)
        producer.poll(0)
    producer.flush(120)
    return {"delivered": sum(delivered.values()), "failed": failed, "partitions": delivered}


def consume(bootstrap, topic, group, count):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "partition.assignment.strategy": "cooperative-sticky",
        }
    )
    consumer.subscribe([topic])
    records = []
    while len(records) < int(count):
        message = consumer.poll(120)
        if message is None:
            break
        if message.error():
            if message.error().code() == KafkaError._PARTITION_EOF:
                continue
            raise RuntimeError(str(message.error()))
        records.append([message.partition(), message.offset(), message.key().decode(), message.value().decode()])
        consumer.commit(message, asynchronous=False)
    consumer.close()
    return {"records": records}


def transact(bootstrap, topic, transactional_id, kinds):
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "transactional.id": transactional_id,
            # What is left open must be so when other tools have done their work, on a slow machine too.
            "transaction.timeout.ms": 900000,
            "linger.ms": 0,
        }
    )
    producer.init_transactions(120)
    for number, kind in enumerate(kinds.split(",")):
        producer.begin_transaction()
        for index in range(3):
            producer.produce(topic, key=kind, value=f"{transactional_id}-{number}-{kind}-{index}", partition=0)
        producer.flush(120)
        if kind == "commit":
            producer.commit_transaction(120)
        elif kind == "abort":
            producer.abort_transaction(120)
    print(json.dumps({"transactions": kinds}), flush=True)
    # Without the destructor, which would abort what is open.
    os._exit(0)


def describe(bootstrap, group):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    described = admin.describe_consumer_groups([group])[group].result(120)
    from confluent_kafka import ConsumerGroupTopicPartitions

    offsets = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(120)
    return {
        "state": described.state.name,
        "members": len(described.members),
        "offsets": {f"{o.topic}-{o.partition}": o.offset for o in offsets.topic_partitions},
    }


commands = {"create": create, "transact": transact, "produce": produce, "consume": consume, "describe": describe}
if len(sys.argv) < 3 or sys.argv[1] not in commands:
    sys.exit(__doc__)
print(json.dumps(commands[sys.argv[1]](*sys.argv[2:])))
