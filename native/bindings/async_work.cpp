#include "bindings/async_work.h"

#include <atomic>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

namespace sluice::bindings {
namespace {

// A job on its way through the thread pool. Owned by the pool while a slice is being worked on, by the
// callback in between.
//
// An environment that is torn down (worker.terminate()) waits for the slices in the pool and calls Complete
// for each, but runs no JavaScript, which ends the job. process.exit() waits for the pool alone. Both wait
// for one slice of each job, not for files.
class AsyncWork {
 public:
  // giveUp, or the result of a job that had nothing to do.
  static napi_value Start(const Arguments& args, size_t i, std::span<const uint8_t> input,
                          std::unique_ptr<SlicedJob> job) {
    std::unique_ptr<AsyncWork> work(new AsyncWork(args, i, input, std::move(job)));
    if (!work->Fetch()) return work->job_->Finish(args.env());
    const napi_value give_up = work->NewGiveUp();
    work->Queue();
    static_cast<void>(work.release());  // Complete takes it back
    return give_up;
  }

  ~AsyncWork() { ReportMemory(0); }
  AsyncWork(const AsyncWork&) = delete;
  AsyncWork& operator=(const AsyncWork&) = delete;

 private:
  AsyncWork(const Arguments& args, size_t i, std::span<const uint8_t> input, std::unique_ptr<SlicedJob> job)
      : env_(args.env()),
        input_(Napi::Persistent(Napi::Object(env_, args.value(0)))),
        input_bytes_(input.size()),
        resolve_(Callback(args, i, "resolve")),
        reject_(Callback(args, i + 1, "reject")),
        job_(std::move(job)) {}

  static Napi::FunctionReference Callback(const Arguments& args, size_t i, const char* name) {
    return Napi::Persistent(Napi::Function(args.env(), args.Function(i, name)));
  }

  // giveUp() may be called at any time, and long after the job.
  napi_value NewGiveUp() {
    return Napi::Function::New(
        env_, [wanted = job_->wanted()](const Napi::CallbackInfo&) { wanted->store(false); }, "giveUp");
  }

  // Copies the next slice; false when there is none.
  bool Fetch() {
    const auto next = job_->Next(env_);
    if (!next) return false;
    const auto bytes = Borrow().subspan(next->offset, next->size);
    slice_.assign(bytes.begin(), bytes.end());
    ReportMemory(static_cast<int64_t>(slice_.capacity() + job_->StateBytes()));
    return true;
  }

  // JavaScript has run since the last slice.
  std::span<const uint8_t> Borrow() {
    const auto bytes = BorrowAgain(env_, input_.Value());
    if (bytes.size() != input_bytes_) {
      ThrowType(
          "The input's memory was transferred or resized before all of it was read; leave it alone until the "
          "promise is settled, or pass a copy");
    }
    return bytes;
  }

  void Queue() {
    Check(napi_create_async_work(env_, nullptr, Text(env_, "sluice-audio"), Execute, Complete, this, &work_));
    const napi_status status = napi_queue_async_work(env_, work_);
    if (status != napi_ok) napi_delete_async_work(env_, work_);
    Check(status);
  }

  // On a thread of the pool.
  static void Execute(napi_env, void* data) {
    auto& self = *static_cast<AsyncWork*>(data);
    if (!*self.job_->wanted()) return;
    try {
      self.job_->Run(self.slice_);
    } catch (...) {
      self.failure_ = std::current_exception();
    }
  }

  // On the JavaScript thread again.
  static void Complete(napi_env env, napi_status, void* data) {
    std::unique_ptr<AsyncWork> self(static_cast<AsyncWork*>(data));
    napi_delete_async_work(env, self->work_);
    try {
      if (self->Continue()) static_cast<void>(self.release());
    } catch (...) {
      ThrowCurrentExceptionAsJs(env);
      self->Reject();
    }
  }

  // Whether another slice is in the pool.
  bool Continue() {
    if (!*job_->wanted() || !CanRunJavaScript()) return false;
    if (failure_) std::rethrow_exception(failure_);
    if (!Fetch()) {
      Call(resolve_, job_->Finish(env_));
      return false;
    }
    Queue();
    return true;
  }

  // Node-API has no such question, but where no JavaScript can run any more it refuses whatever might run
  // some, which to its mind is this comparison too.
  bool CanRunJavaScript() {
    bool equal = false;
    return napi_strict_equals(env_, resolve_.Value(), resolve_.Value(), &equal) == napi_ok;
  }

  void Call(const Napi::FunctionReference& function, napi_value argument) {
    napi_value ignored = nullptr;
    Check(napi_call_function(env_, Undefined(env_), function.Value(), 1, &argument, &ignored));
  }

  // With the exception that is pending.
  void Reject() noexcept {
    try {
      napi_value error = nullptr;
      Check(napi_get_and_clear_last_exception(env_, &error));
      Call(reject_, error);
    } catch (...) {
      // No JavaScript can run any more, or reject() threw: that is pending, and Node reports it as uncaught.
    }
  }

  void ReportMemory(int64_t bytes) {
    int64_t total = 0;
    napi_adjust_external_memory(env_, bytes - reported_bytes_, &total);
    reported_bytes_ = bytes;
  }

  napi_env env_;
  Napi::ObjectReference input_;
  size_t input_bytes_;
  Napi::FunctionReference resolve_;
  Napi::FunctionReference reject_;
  std::unique_ptr<SlicedJob> job_;
  std::vector<uint8_t> slice_;
  napi_async_work work_ = nullptr;
  std::exception_ptr failure_;
  int64_t reported_bytes_ = 0;
};

napi_value RunNow(napi_env env, std::span<const uint8_t> input, SlicedJob& job) {
  while (const auto slice = job.Next(env)) job.Run(input.subspan(slice->offset, slice->size));
  return job.Finish(env);
}

}  // namespace

napi_value Perform(const Arguments& args, size_t i, bool large, std::span<const uint8_t> input,
                   std::unique_ptr<SlicedJob> job) {
  if (!large || args.IsUndefined(i)) return RunNow(args.env(), input, *job);
  return AsyncWork::Start(args, i, input, std::move(job));
}

}  // namespace sluice::bindings
