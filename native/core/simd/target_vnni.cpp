#if defined(__x86_64__) || defined(_M_X64)
#define SLUICE_TARGET vnni
#define SLUICE_TARGET_VNNI 1
#include "core/simd/target.inl.h"
#endif
