"""Load that goes on while the broker is killed and started again: two producers and a group, through librdkafka.

crash_client.py load BOOTSTRAP IDEMPOTENT_TOPIC PLAIN_TOPIC PARTITIONS GROUP COMPRESSION
    Writes until standard input is closed, then waits for every acknowledgement. Prints one line for each event:
      a TOPIC PARTITION OFFSET SEQUENCE     a record was acknowledged at that offset
      f TOPIC PARTITION SEQUENCE ERROR      a record was given up
      r PARTITION OFFSET                    a member starts, and that is what is committed (-1: nothing)
      t PARTITION OFFSET                    a commit is tried
      c PARTITION OFFSET                    that commit was acknowledged
      g PARTITION OFFSET SEQUENCE           the group read a record
      e TEXT                                the group met an error and starts anew
      end                                   nothing is outstanding
crash_client.py read BOOTSTRAP TOPIC PARTITIONS
    Prints every record of the topic: PARTITION OFFSET SEQUENCE, then `end`.

The plain producer has one request in flight, so that what it repeats after a lost answer stays in order.
"""
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

lock = threading.Lock()
stopping = threading.Event()


def say(*words):
    with lock:
        sys.stdout.write(" ".join(str(word) for word in words) + "\n")


def produce(bootstrap, topic, partitions, settings):
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "message.timeout.ms": 0,
            "reconnect.backoff.ms": 10,
            "reconnect.backoff.max.ms": 50,
            "retry.backoff.ms": 20,
            "retry.backoff.max.ms": 100,
            "topic.metadata.refresh.interval.ms": 1000,
            "queue.buffering.max.messages": 5000,
            "linger.ms": 2,
            "log_level": 0,
            **settings,
        }
    )

    def on_delivery(error, message):
        sequence = message.value().split(b":", 1)[0].decode()
        if error is not None:
            say("f", topic, message.partition(), sequence, error)
        else:
            say("a", topic, message.partition(), message.offset(), sequence)

    sequence = 0
    filler = "x" * 180
    while not stopping.is_set():
        for _ in range(40):
            try:
                producer.produce(topic, value=f"{sequence}:{filler}", partition=sequence % partitions, callback=on_delivery)
                sequence += 1
            except BufferError:
                producer.poll(0.05)
        producer.poll(0)
        time.sleep(0.01)
    while producer.flush(5) > 0:
        pass


def consume_some(bootstrap, topic, partitions, group):
    """One life of the group's member: asks what is committed, reads and commits a few times, and goes."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            # A static member takes its place again at once, where a new one would wait for the session of the lost one.
            "group.instance.id": "crash-member",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 500,
            # librdkafka may lose the answer to its first metadata request when it gives up its bootstrap connection in the
            # same moment; it then waits for the next refresh, five minutes without this.
            "topic.metadata.refresh.interval.ms": 1000,
            "reconnect.backoff.ms": 10,
            "reconnect.backoff.max.ms": 50,
            "log_level": 0,
        }
    )
    try:
        wanted = [TopicPartition(topic, partition) for partition in range(partitions)]
        for position in consumer.committed(wanted, timeout=10):
            say("r", position.partition, -1 if position.offset < 0 else position.offset)
        consumer.subscribe([topic])
        commit_count = 0
        while commit_count < 3 and not stopping.is_set():
            positions = {}
            for message in consumer.consume(200, timeout=0.1):
                if message.error() is not None:
                    raise KafkaException(message.error())
                sequence = message.value().split(b":", 1)[0].decode()
                say("g", message.partition(), message.offset(), sequence)
                positions[message.partition()] = message.offset() + 1
            if not positions:
                continue
            for partition, offset in positions.items():
                say("t", partition, offset)
            commits = [TopicPartition(topic, partition, offset) for partition, offset in positions.items()]
            for position in consumer.commit(offsets=commits, asynchronous=False):
                if position.error is None:
                    say("c", position.partition, position.offset)
            commit_count += 1
    finally:
        consumer.close()


def consume(bootstrap, topic, partitions, group):
    while not stopping.is_set():
        try:
            consume_some(bootstrap, topic, partitions, group)
        except KafkaException as error:
            say("e", error)


def load(bootstrap, idempotent_topic, plain_topic, partitions, group, compression):
    partitions = int(partitions)
    idempotent = {"enable.idempotence": True, "compression.type": compression}
    plain = {"acks": "all", "max.in.flight.requests.per.connection": 1}
    threads = [
        threading.Thread(target=produce, args=(bootstrap, idempotent_topic, partitions, idempotent)),
        threading.Thread(target=produce, args=(bootstrap, plain_topic, partitions, plain)),
        threading.Thread(target=consume, args=(bootstrap, idempotent_topic, partitions, group)),
    ]
    for thread in threads:
        thread.start()
    while sys.stdin.read(1):
        pass
    stopping.set()
    for thread in threads:
        thread.join()
    say("end")


def read(bootstrap, topic, partitions):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "reader", "enable.auto.commit": False, "log_level": 0})
    ends = {p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=30)[1] for p in range(int(partitions))}
    open_partitions = {partition for partition, end in ends.items() if end > 0}
    consumer.assign([TopicPartition(topic, partition, 0) for partition in open_partitions])
    deadline = time.monotonic() + 30
    while open_partitions:
        messages = consumer.consume(1000, timeout=0.2)
        if messages:
            deadline = time.monotonic() + 30
        elif time.monotonic() > deadline:
            raise SystemExit(f"nothing came of partitions {sorted(open_partitions)} within 30 s")
        for message in messages:
            if message.error() is not None:
                raise SystemExit(str(message.error()))
            say(message.partition(), message.offset(), message.value().split(b":", 1)[0].decode())
            if message.offset() + 1 >= ends[message.partition()]:
                open_partitions.discard(message.partition())
    consumer.close()
    say("end")


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=False)
    {"load": load, "read": read}[sys.argv[1]](*sys.argv[2:])
    sys.stdout.flush()
