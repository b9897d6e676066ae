#if defined(__x86_64__) || defined(_M_X64)
#define SLUICE_TARGET sse2
#define SLUICE_TARGET_SSE2 1
#include "core/simd/target.inl.h"
#endif
