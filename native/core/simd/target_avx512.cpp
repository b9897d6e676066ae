#if defined(__x86_64__) || defined(_M_X64)
#define SLUICE_TARGET avx512
#define SLUICE_TARGET_AVX512 1
#include "core/simd/target.inl.h"
#endif
