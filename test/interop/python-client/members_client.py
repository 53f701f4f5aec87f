"""What confluent-kafka does with groups, positions and administration, beside client.py. Each run prints JSON.

members_client.py rebalance BOOTSTRAP TOPIC GROUP   two cooperative members with static ids, one of which comes back
members_client.py position  BOOTSTRAP TOPIC GROUP   assign, seek, commits with and without waiting
members_client.py admin     BOOTSTRAP TOPIC         what the AdminClient changes and then reads
"""
import time
import json
import sys

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
)


class Member:
    def __init__(self, bootstrap, group, topic, instance):
        self.events = []
        self.consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": group,
                "group.instance.id": instance,
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": 120000,
                "heartbeat.interval.ms": 200,
            }
        )
        self.consumer.subscribe([topic], on_assign=self.note("assigned"), on_revoke=self.note("revoked"))

    def note(self, what):
        def on_event(_, partitions):
            self.events.append([what, sorted(p.partition for p in partitions)])

        return on_event

    def partitions(self):
        return sorted(p.partition for p in self.consumer.assignment())


def poll_until(members, is_done):
    # The caller's time limit ends a wait in vain.
    while not is_done():
        for member in members:
            member.consumer.poll(0.05)


def rebalance(bootstrap, topic, group):
    first = Member(bootstrap, group, topic, "first")
    poll_until([first], lambda: len(first.partitions()) == 4)
    second = Member(bootstrap, group, topic, "second")
    both = [first, second]
    poll_until(both, lambda: len(first.partitions()) == 2 and len(second.partitions()) == 2)
    shared = [first.partitions(), second.partitions()]
    generation = describe(bootstrap, group)
    # A static member does not leave when it closes: it finds its partitions again, and the other is not disturbed.
    events_before = len(first.events)
    second.consumer.close()
    again = Member(bootstrap, group, topic, "second")
    poll_until([first, again], lambda: len(again.partitions()) == 2)
    result = {
        "shared": shared,
        "again": again.partitions(),
        "firstEvents": first.events[:events_before],
        "disturbed": first.events[events_before:],
        "described": generation,
    }
    first.consumer.close()
    again.consumer.close()
    return result


def describe(bootstrap, group):
    # Its futures are fulfilled only as long as somebody has the client.
    client = AdminClient({"bootstrap.servers": bootstrap})
    described = client.describe_consumer_groups([group])[group].result(120)
    return {
        "state": described.state.name,
        "assignor": described.partition_assignor,
        "members": sorted(
            [m.group_instance_id, sorted(p.partition for p in m.assignment.topic_partitions)] for m in described.members
        ),
    }


def position(bootstrap, topic, group):
    committed = []
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "enable.auto.commit": False,
            "on_commit": lambda error, partitions: committed.append([str(error), [p.offset for p in partitions]]),
        }
    )
    consumer.assign([TopicPartition(topic, 0, 5)])
    offsets = [consumer.poll(120).offset() for _ in range(2)]
    consumer.seek(TopicPartition(topic, 0, 2))
    offsets += [consumer.poll(120).offset() for _ in range(2)]
    consumer.commit(offsets=[TopicPartition(topic, 0, 4, "noted")], asynchronous=False)
    read = consumer.committed([TopicPartition(topic, 0)], timeout=120)[0]
    while committed:
        committed.pop()
    consumer.commit(offsets=[TopicPartition(topic, 0, 7)], asynchronous=True)
    while not committed:
        consumer.poll(0.05)
    after = consumer.committed([TopicPartition(topic, 0)], timeout=120)[0]
    watermarks = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=120)
    consumer.close()
    return {
        "offsets": offsets,
        "committed": [read.offset, read.metadata],
        "callback": committed[0],
        "after": after.offset,
        "watermarks": list(watermarks),
    }


def until(ask, expected):
    """Any broker answers, and each learns of a change by itself; returns the last answer."""
    deadline = time.monotonic() + 60
    while True:
        try:
            answer = ask()
        except KafkaException as error:
            answer = str(error)
        if answer == expected or time.monotonic() > deadline:
            return answer


def admin(bootstrap, topic):
    client = AdminClient({"bootstrap.servers": bootstrap})
    only = lambda futures: list(futures.values())[0].result(120)
    only(client.create_topics([NewTopic(topic, 1, -1)]))
    try:
        only(client.create_topics([NewTopic(topic, 1, -1)]))
        duplicate = None
    except KafkaException as error:
        duplicate = error.args[0].name()
    only(client.create_partitions([NewPartitions(topic, 3)]))
    change = ConfigEntry("retention.ms", "12345", incremental_operation=AlterConfigOpType.SET)
    only(client.incremental_alter_configs([ConfigResource("topic", topic, incremental_configs=[change])]))
    partitions = until(lambda: len(client.list_topics(topic, timeout=120).topics[topic].partitions), 3)

    def retention():
        entry = only(client.describe_configs([ConfigResource("topic", topic)]))["retention.ms"]
        return [entry.value, entry.is_default]

    retention = until(retention, ["12345", False])
    latest = {TopicPartition(topic, index): OffsetSpec.latest() for index in range(3)}

    def offsets():
        return [future.result(120).offset for future in client.list_offsets(latest).values()]

    offsets = until(offsets, [0, 0, 0])
    request = ConsumerGroupTopicPartitions("by-admin", [TopicPartition(topic, 1, 9)])
    only(client.alter_consumer_group_offsets([request]))
    altered = only(client.list_consumer_group_offsets([ConsumerGroupTopicPartitions("by-admin")])).topic_partitions
    groups = [group.group_id for group in client.list_consumer_groups().result(120).valid]
    only(client.delete_consumer_groups(["by-admin"]))
    after = [group.group_id for group in client.list_consumer_groups().result(120).valid]
    cluster = client.describe_cluster().result(120)
    only(client.delete_topics([topic]))
    is_there = until(lambda: topic in client.list_topics(timeout=120).topics, False)
    return {
        "duplicate": duplicate,
        "partitions": partitions,
        "retention": retention,
        "offsets": offsets,
        "altered": [[p.topic, p.partition, p.offset] for p in altered],
        "groupThere": ["by-admin" in groups, "by-admin" in after],
        "controller": cluster.controller.id,
        "nodes": [[node.id, node.port] for node in cluster.nodes],
        "topicThere": is_there,
    }


commands = {"rebalance": rebalance, "position": position, "admin": admin}
if len(sys.argv) < 3 or sys.argv[1] not in commands:
    sys.exit(__doc__)
print(json.dumps(commands[sys.argv[1]](*sys.argv[2:])))
