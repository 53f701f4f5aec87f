// franz-go, the Go client that follows the newest protocol versions. One command a run, as JSON:
//
//	go-client create  BOOTSTRAP TOPIC PARTITIONS
//	go-client produce BOOTSTRAP TOPIC COUNT
//	go-client consume BOOTSTRAP TOPIC GROUP COUNT
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	fail(err)
	return value
}

func create(ctx context.Context, bootstrap, topic string, partitions int) any {
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(bootstrap, ",")...))
	fail(err)
	defer client.Close()
	admin := kadm.NewClient(client)
	_, err = admin.CreateTopic(ctx, int32(partitions), -1, nil, topic)
	fail(err)
	described, err := admin.ListTopics(ctx, topic)
	// Any broker answers, and each learns of the topic by itself.
	for err == nil && len(described[topic].Partitions) != partitions && ctx.Err() == nil {
		described, err = admin.ListTopics(ctx, topic)
	}
	fail(err)
	return map[string]any{"partitions": len(described[topic].Partitions), "id": described[topic].ID.String()}
}

func produce(ctx context.Context, bootstrap, topic string, count int) any {
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(bootstrap, ",")...), kgo.DefaultProduceTopic(topic))
	fail(err)
	defer client.Close()
	records := make([]*kgo.Record, count)
	for index := range records {
		records[index] = &kgo.Record{Key: []byte(fmt.Sprintf("key-%d", index)), Value: []byte(fmt.Sprintf("value-%d", index))}
	}
	results := client.ProduceSync(ctx, records...)
	fail(results.FirstErr())
	return map[string]any{"delivered": len(results)}
}

func consume(ctx context.Context, bootstrap, topic, group string, count int) any {
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(bootstrap, ",")...), kgo.ConsumeTopics(topic), kgo.ConsumerGroup(group),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit())
	fail(err)
	defer client.Close()
	values := []string{}
	for len(values) < count {
		fetches := client.PollRecords(ctx, count-len(values))
		fail(fetches.Err())
		fetches.EachRecord(func(record *kgo.Record) {
			values = append(values, fmt.Sprintf("%d:%d:%s", record.Partition, record.Offset, record.Value))
		})
		fail(client.CommitRecords(ctx, fetches.Records()...))
	}
	fail(client.LeaveGroupContext(ctx))
	return map[string]any{"records": values}
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Second)
	defer cancel()
	arguments := os.Args[1:]
	var result any
	switch {
	case len(arguments) == 4 && arguments[0] == "create":
		result = create(ctx, arguments[1], arguments[2], number(arguments[3]))
	case len(arguments) == 4 && arguments[0] == "produce":
		result = produce(ctx, arguments[1], arguments[2], number(arguments[3]))
	case len(arguments) == 5 && arguments[0] == "consume":
		result = consume(ctx, arguments[1], arguments[2], arguments[3], number(arguments[4]))
	default:
		fail(fmt.Errorf("usage: go-client create|produce|consume BOOTSTRAP TOPIC ..."))
	}
	fail(json.NewEncoder(os.Stdout).Encode(result))
}
