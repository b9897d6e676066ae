#if defined(__aarch64__) || defined(_M_ARM64)
#define SLUICE_TARGET neon
#define SLUICE_TARGET_NEON 1
#include "core/simd/target.inl.h"
#endif
