#if defined(__x86_64__) || defined(_M_X64)
#define SLUICE_TARGET avx2
#define SLUICE_TARGET_AVX2 1
#include "core/simd/target.inl.h"
#endif
