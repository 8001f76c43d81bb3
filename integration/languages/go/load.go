// Keeps deposits in flight with grpc-go and a service config, until its standard input ends.
//
// Arguments: target, service config as JSON, number of calls in flight. Each call has a key of its own. gRPC tries again
// what it may; a call whose answer had begun to arrive when the replica died is tried again here, with the same key.
// Prints a line with the number of replies now and then, and at the end one with the result as JSON. The few bytes of
// bank.v1 are written by hand, so that nothing has to be generated.
package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/health" // asks for the health that the service config names
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"
)

const reportEvery = 50

// raw passes messages as they are.
type raw struct{}

func (raw) Name() string                                { return "proto" }
func (raw) Marshal(message interface{}) ([]byte, error) { return *message.(*[]byte), nil }
func (raw) Unmarshal(data []byte, message interface{}) error {
	*message.(*[]byte) = append([]byte(nil), data...)
	return nil
}

type receipt struct {
	OperationID  uint64 `json:"operationId"`
	Sequence     uint64 `json:"sequence"`
	BalanceCents uint64 `json:"balanceCents"`
}

func depositRequest(operationID uint64, account string, amountCents uint64) []byte {
	varint := func(value uint64) []byte {
		buffer := make([]byte, binary.MaxVarintLen64)
		return buffer[:binary.PutUvarint(buffer, value)]
	}
	out := append([]byte{0x08}, varint(operationID)...)
	out = append(append(append(out, 0x12), varint(uint64(len(account)))...), account...)
	return append(append(out, 0x18), varint(amountCents)...)
}

// parseReceipt reads bank.v1.Receipt, all of whose fields are varints.
func parseReceipt(data []byte) (parsed receipt) {
	for len(data) > 0 {
		tag, size := binary.Uvarint(data)
		value, more := binary.Uvarint(data[size:])
		data = data[size+more:]
		switch tag >> 3 {
		case 1:
			parsed.OperationID = value
		case 2:
			parsed.Sequence = value
		case 3:
			parsed.BalanceCents = value
		}
	}
	return parsed
}

// deposit tries again with the same key what gRPC gave up.
func deposit(channel *grpc.ClientConn, operationID uint64, triedAgain *int32) (receipt, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 120*time.Second)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "idempotency-key", fmt.Sprintf("key-%d", operationID))
	for {
		request, reply := depositRequest(operationID, "go", 100), []byte{}
		err := channel.Invoke(ctx, "/bank.v1.Bank/Deposit", &request, &reply)
		if code := status.Code(err); code != codes.Aborted && code != codes.Unavailable {
			return parseReceipt(reply), err
		}
		atomic.AddInt32(triedAgain, 1)
	}
}

// dial connects to the replicas of a target such as ipv4:127.0.0.1:50051,127.0.0.1:50052; grpc-go has no such scheme.
func dial(target, serviceConfig string) (*grpc.ClientConn, error) {
	addresses := manual.NewBuilderWithScheme("replicas")
	state := resolver.State{}
	for _, address := range strings.Split(strings.TrimPrefix(target, "ipv4:"), ",") {
		state.Addresses = append(state.Addresses, resolver.Address{Addr: address})
	}
	addresses.InitialState(state)
	return grpc.Dial("replicas:///bank",
		grpc.WithInsecure(),
		grpc.WithResolvers(addresses),
		grpc.WithDefaultServiceConfig(serviceConfig),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{})))
}

func main() {
	channel, err := dial(os.Args[1], os.Args[2])
	if err != nil {
		panic(err)
	}
	inFlight, err := strconv.Atoi(os.Args[3])
	if err != nil {
		panic(err)
	}
	var (
		lock        sync.Mutex
		callers     sync.WaitGroup
		stopped     int32
		operations  uint64
		triedAgain  int32
		replies     = []receipt{}
		failures    = []string{}
		lastReplyAt time.Time
		longestGap  time.Duration
	)
	for i := 0; i < inFlight; i++ {
		callers.Add(1)
		go func() {
			defer callers.Done()
			for atomic.LoadInt32(&stopped) == 0 {
				reply, err := deposit(channel, atomic.AddUint64(&operations, 1), &triedAgain)
				lock.Lock()
				if err != nil {
					failures = append(failures, err.Error())
				} else {
					if gap := time.Since(lastReplyAt); len(replies) > 0 && gap > longestGap {
						longestGap = gap
					}
					lastReplyAt = time.Now()
					replies = append(replies, reply)
					if len(replies)%reportEvery == 0 {
						fmt.Println(len(replies))
					}
				}
				lock.Unlock()
			}
		}()
	}
	io.Copy(io.Discard, os.Stdin)
	atomic.StoreInt32(&stopped, 1)
	callers.Wait()
	result := map[string]interface{}{
		"replies": replies, "failures": failures, "triedAgain": triedAgain,
		"longestGapMs": float64(longestGap) / float64(time.Millisecond),
	}
	json.NewEncoder(os.Stdout).Encode(result)
}
