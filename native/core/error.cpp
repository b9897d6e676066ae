#include "core/error.h"

#include <array>

namespace sluice {
namespace {

struct Row {
  const char* name;
  ErrorKind kind;
};

constexpr std::array kRows = {
#define X(name, code, kind) Row{code, ErrorKind::kind},
    SLUICE_ERROR_CODES(X)
#undef X
};

}  // namespace

const char* ErrorCodeName(ErrorCode code) { return kRows[static_cast<size_t>(code)].name; }
ErrorKind ErrorCodeKind(ErrorCode code) { return kRows[static_cast<size_t>(code)].kind; }

}  // namespace sluice
