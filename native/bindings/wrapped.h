// A JavaScript class around a C++ object: construction, type tags, the memory it reports to V8, finalizing.
// Not here: what its methods do (*_binding.cpp).
//
// A wrapped class T has
//   static constexpr napi_type_tag kTag;  static constexpr const char* kName;
//   static std::unique_ptr<T> Create(const Arguments&);   throws for bad arguments
//   size_t StateBytes() const;                            0 once closed
// and methods  napi_value Method(const Arguments&). What is called for every few milliseconds of audio may be
//   static auto HotMethods();                             an array of Wrapped<T>::Method, made with CallHot
// too: see CallHot.
#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bindings/convert.h"

namespace sluice::bindings {

template <class T>
class Wrapped {
 public:
  // { "process", &Wrapped<T>::Call<&T::Process> }
  struct Method {
    const char* name;
    napi_callback callback;
  };

  static napi_value Define(napi_env env, std::initializer_list<Method> methods) {
    std::vector<napi_property_descriptor> properties;
    for (const Method& method : methods) {
      properties.push_back(
          {method.name, nullptr, method.callback, nullptr, nullptr, nullptr, napi_default_method, nullptr});
    }
    napi_value result = nullptr;
    Check(napi_define_class(env, T::kName, NAPI_AUTO_LENGTH, Construct, nullptr, properties.size(),
                            properties.data(), &result));
    return result;
  }

  template <napi_value (T::*kMethod)(const Arguments&)>
  static napi_value Call(napi_env env, napi_callback_info info) {
    return Guard(env, [&] {
      const Arguments args(env, info);
      return Unwrap(args).template Run<kMethod>(args);
    });
  }

  // The same for a function that each object has of its own, bound to it: there is no `this` to be looked up,
  // which takes 60 ns (its tag 40, what it wraps 35; a call alone takes 13 with the class's function, 27 with
  // the object's own), as much as to encode 20 ms of mu-law. Each costs 2 us when the object is made.
  template <napi_value (T::*kMethod)(const Arguments&)>
  static napi_value CallHot(napi_env env, napi_callback_info info) {
    return Guard(env, [&] {
      const Arguments args(env, info);
      return static_cast<Wrapped*>(args.data())->template Run<kMethod>(args);
    });
  }

 private:
  explicit Wrapped(std::unique_ptr<T> object) : object_(std::move(object)) {}

  static napi_value Construct(napi_env env, napi_callback_info info) {
    return Guard(env, [&] {
      const Arguments args(env, info);
      if (!args.IsConstructCall())
        ThrowType(std::string("Class constructor ") + T::kName + " cannot be invoked without 'new'");
      std::unique_ptr<Wrapped> wrapped(new Wrapped(T::Create(args)));
      Check(napi_wrap(env, args.self(), wrapped.get(), Finalize, nullptr, nullptr));
      Wrapped& owned = *wrapped.release();  // by the finalizer from here on
      Check(napi_type_tag_object(env, args.self(), &T::kTag));
      if constexpr (requires { T::HotMethods(); }) {
        for (const Method& method : T::HotMethods()) owned.Bind(env, args.self(), method);
      }
      owned.ReportMemory(env);
      return args.self();
    });
  }

  // Gives `self` a function that knows this object without asking for it. The function keeps `self` alive,
  // and nobody can make it let go: neither property can be changed.
  void Bind(napi_env env, napi_value self, const Method& method) {
    napi_value function = nullptr;
    Check(napi_create_function(env, method.name, NAPI_AUTO_LENGTH, method.callback, this, &function));
    const napi_property_descriptor owner = {"owner", nullptr, nullptr,      nullptr,
                                            nullptr, self,    napi_default, nullptr};
    Check(napi_define_properties(env, function, 1, &owner));
    const napi_property_descriptor own = {method.name, nullptr,  nullptr,      nullptr,
                                          nullptr,     function, napi_default, nullptr};
    Check(napi_define_properties(env, self, 1, &own));
  }

  template <napi_value (T::*kMethod)(const Arguments&)>
  napi_value Run(const Arguments& args) {
    const napi_value result = ((*object_).*kMethod)(args);
    ReportMemory(args.env());
    return result;
  }

  static void Finalize(napi_env env, void* data, void*) {
    const std::unique_ptr<Wrapped> wrapped(static_cast<Wrapped*>(data));
    int64_t total = 0;
    napi_adjust_external_memory(env, -wrapped->reported_bytes_, &total);
  }

  static Wrapped& Unwrap(const Arguments& args) {
    bool tagged = false;
    void* data = nullptr;
    if (napi_check_object_type_tag(args.env(), args.self(), &T::kTag, &tagged) != napi_ok || !tagged ||
        napi_unwrap(args.env(), args.self(), &data) != napi_ok) {
      ThrowType(std::string("`this` is not a ") + T::kName);
    }
    return *static_cast<Wrapped*>(data);
  }

  // Tells V8 what the object holds outside its heap, so that garbage is collected in time.
  void ReportMemory(napi_env env) {
    const auto bytes = static_cast<int64_t>(object_->StateBytes());
    if (bytes == reported_bytes_) return;
    int64_t total = 0;
    Check(napi_adjust_external_memory(env, bytes - reported_bytes_, &total));
    reported_bytes_ = bytes;
  }

  std::unique_ptr<T> object_;
  int64_t reported_bytes_ = 0;
};

[[noreturn]] inline void ThrowClosed(const char* name) {
  ThrowType(std::string("This ") + name + " is closed; make a new one", kClosed);
}

}  // namespace sluice::bindings
