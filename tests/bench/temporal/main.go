// A workflow of ten activities on Temporal, for comparison: starts many at once and says how many ended a second, then
// one after another and says how long each took. Prints one line of JSON.
//
//	temporal-bench -address 127.0.0.1:7233 -workflows 500 -rounds 200
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"sort"
	"strings"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

const (
	queue      = "bench"
	activities = 10
)

// What a stage of ours has as its context.
var settings = strings.Repeat("x", 2048)

type quiet struct{}

func (quiet) Debug(string, ...interface{})               {}
func (quiet) Info(string, ...interface{})                {}
func (quiet) Warn(string, ...interface{})                {}
func (quiet) Error(message string, pairs ...interface{}) { log.Println(message, pairs) }

var _ sdklog.Logger = quiet{}

func Step(_ context.Context, number int, _ string) (int, error) { return number, nil }

func TenSteps(ctx workflow.Context, settings string) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	for number := 0; number < activities; number++ {
		if err := workflow.ExecuteActivity(ctx, Step, number, settings).Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

// Starts one; it has ended when the returned function returns. A server that does not answer in time is asked again: the
// same id starts nothing twice.
func start(c client.Client, id string) func() error {
	options := client.StartWorkflowOptions{ID: id, TaskQueue: queue}
	for tries := 1; ; tries++ {
		run, err := c.ExecuteWorkflow(context.Background(), options, TenSteps, settings)
		if err == nil {
			return func() error { return run.Get(context.Background(), nil) }
		}
		if tries == 10 {
			log.Fatal(err)
		}
		time.Sleep(time.Second)
	}
}

func together(c client.Client, workflows, callers int) time.Duration {
	began := time.Now()
	done := make(chan error)
	for caller := 0; caller < callers; caller++ {
		go func(caller int) {
			var ends []func() error
			for number := caller; number < workflows; number += callers {
				ends = append(ends, start(c, fmt.Sprintf("together-%d-%d", began.UnixNano(), number)))
			}
			for _, end := range ends {
				if err := end(); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}(caller)
	}
	for caller := 0; caller < callers; caller++ {
		if err := <-done; err != nil {
			log.Fatal(err)
		}
	}
	return time.Since(began)
}

func oneByOne(c client.Client, rounds int) []float64 {
	var times []float64
	for round := 0; round < rounds; round++ {
		began := time.Now()
		if err := start(c, fmt.Sprintf("one-%d", began.UnixNano()))(); err != nil {
			log.Fatal(err)
		}
		times = append(times, time.Since(began).Seconds())
		time.Sleep(20 * time.Millisecond)
	}
	sort.Float64s(times)
	return times
}

func main() {
	address := flag.String("address", "127.0.0.1:7233", "of the server")
	workflows := flag.Int("workflows", 500, "started together")
	rounds := flag.Int("rounds", 100, "one after another")
	flag.Parse()
	c, err := client.Dial(client.Options{HostPort: *address, Logger: quiet{}})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	// More than the usual two of each: two would be what is measured.
	w := worker.New(c, queue, worker.Options{
		MaxConcurrentWorkflowTaskPollers: 16,
		MaxConcurrentActivityTaskPollers: 16,
	})
	w.RegisterWorkflow(TenSteps)
	w.RegisterActivity(Step)
	if err := w.Start(); err != nil {
		log.Fatal(err)
	}
	defer w.Stop()
	oneByOne(c, 3) // what is only slow the first time
	times := oneByOne(c, *rounds)
	seconds := together(c, *workflows, 4).Seconds()
	_ = json.NewEncoder(os.Stdout).Encode(map[string]interface{}{"seconds": seconds, "one_by_one": times})
}
