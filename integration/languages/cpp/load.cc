// Keeps deposits in flight with gRPC's C++ library and a service config, until its standard input ends.
//
// Arguments: target, service config as JSON, number of calls in flight. Each call has a key of its own. gRPC tries again
// what it may; a call whose answer had begun to arrive when the replica died is tried again here, with the same key.
// Prints a line with the number of replies now and then, and at the end one with the result as JSON. The few bytes of
// bank.v1 are written by hand, so that nothing has to be generated.

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/channel_arguments.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int kReportEvery = 50;

constexpr auto kWithin = std::chrono::seconds(120);

using Clock = std::chrono::steady_clock;

struct Receipt {
  uint64_t operation_id = 0;
  uint64_t sequence = 0;
  uint64_t balance_cents = 0;
};

std::string Varint(uint64_t value) {
  std::string out;
  for (; value > 0x7f; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  return out + static_cast<char>(value);
}

std::string DepositRequest(uint64_t operation_id, const std::string& account, uint64_t amount_cents) {
  return "\x08" + Varint(operation_id) + "\x12" + Varint(account.size()) + account + "\x18" + Varint(amount_cents);
}

// All fields of bank.v1.Receipt are varints.
Receipt ParseReceipt(const std::string& bytes) {
  std::vector<uint64_t> numbers;
  uint64_t value = 0;
  int shift = 0;
  for (unsigned char byte : bytes) {
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    shift += 7;
    if (byte < 0x80) {
      numbers.push_back(value);
      value = 0;
      shift = 0;
    }
  }
  Receipt receipt;
  for (size_t i = 0; i + 1 < numbers.size(); i += 2) {
    if (numbers[i] >> 3 == 1) receipt.operation_id = numbers[i + 1];
    if (numbers[i] >> 3 == 2) receipt.sequence = numbers[i + 1];
    if (numbers[i] >> 3 == 3) receipt.balance_cents = numbers[i + 1];
  }
  return receipt;
}

std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + "\"";
}

grpc::Status DepositOnce(grpc::GenericStub& stub, uint64_t operation_id,
                         std::chrono::system_clock::time_point deadline, Receipt* receipt) {
  grpc::ClientContext context;
  context.set_deadline(deadline);
  context.AddMetadata("idempotency-key", "key-" + std::to_string(operation_id));
  grpc::Slice slice(DepositRequest(operation_id, "cpp", 100));
  grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  std::promise<grpc::Status> done;
  stub.UnaryCall(&context, "/bank.v1.Bank/Deposit", {}, &request, &response,
                 [&done](grpc::Status status) { done.set_value(std::move(status)); });
  grpc::Status status = done.get_future().get();
  if (!status.ok()) return status;
  grpc::Slice reply;
  if (!response.DumpToSingleSlice(&reply).ok()) return {grpc::StatusCode::INTERNAL, "no reply in the response"};
  *receipt = ParseReceipt({reinterpret_cast<const char*>(reply.begin()), reply.size()});
  return status;
}

// Tries again with the same key what gRPC gave up.
grpc::Status Deposit(grpc::GenericStub& stub, uint64_t operation_id, Receipt* receipt, std::atomic<int>* tried_again) {
  const auto deadline = std::chrono::system_clock::now() + kWithin;
  for (;;) {
    const grpc::Status status = DepositOnce(stub, operation_id, deadline, receipt);
    if (status.error_code() != grpc::StatusCode::ABORTED && status.error_code() != grpc::StatusCode::UNAVAILABLE) {
      return status;
    }
    ++*tried_again;
  }
}

class Results {
 public:
  void Note(const Receipt& receipt) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto now = Clock::now();
    if (!replies_.empty()) longest_gap_ = std::max(longest_gap_, now - last_reply_at_);
    last_reply_at_ = now;
    replies_.push_back(receipt);
    if (replies_.size() % kReportEvery == 0) std::cout << replies_.size() << std::endl;
  }

  void NoteFailure(const grpc::Status& status) {
    std::lock_guard<std::mutex> lock(mutex_);
    failures_.push_back(std::to_string(status.error_code()) + ": " + status.error_message());
  }

  void Print(int tried_again) const {
    std::cout << "{\"replies\": [";
    const char* separator = "";
    for (const auto& reply : replies_) {
      std::cout << separator << "{\"operationId\": " << reply.operation_id << ", \"sequence\": " << reply.sequence
                << ", \"balanceCents\": " << reply.balance_cents << "}";
      separator = ", ";
    }
    std::cout << "], \"failures\": [";
    separator = "";
    for (const auto& failure : failures_) {
      std::cout << separator << Quoted(failure);
      separator = ", ";
    }
    std::cout << "], \"triedAgain\": " << tried_again
              << ", \"longestGapMs\": " << std::chrono::duration<double, std::milli>(longest_gap_).count() << "}"
              << std::endl;
  }

 private:
  std::mutex mutex_;
  std::vector<Receipt> replies_;
  std::vector<std::string> failures_;
  Clock::time_point last_reply_at_;
  Clock::duration longest_gap_{0};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  grpc::ChannelArguments options;
  options.SetServiceConfigJSON(argv[2]);
  grpc::GenericStub stub(grpc::CreateCustomChannel(argv[1], grpc::InsecureChannelCredentials(), options));
  Results results;
  std::atomic<bool> stopped{false};
  std::atomic<uint64_t> operations{0};
  std::atomic<int> tried_again{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < std::stoi(argv[3]); i++) {
    callers.emplace_back([&] {
      while (!stopped) {
        Receipt receipt;
        const grpc::Status status = Deposit(stub, ++operations, &receipt, &tried_again);
        if (status.ok()) {
          results.Note(receipt);
        } else {
          results.NoteFailure(status);
        }
      }
    });
  }
  while (std::cin.get() != EOF) {
  }
  stopped = true;
  for (auto& caller : callers) caller.join();
  results.Print(tried_again);
}
