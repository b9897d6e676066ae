// The only place that includes Node-API headers, so that every file of the binding sees them with the same
// settings (set in CMakeLists.txt).
#pragma once

#if !defined(NAPI_VERSION) || NAPI_VERSION != 9
#error "The addon is built for Node-API 9."
#endif
#ifndef NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
#error "Without NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS worker.terminate() in mid-call aborts the process."
#endif

#include <napi.h>
