#define SLUICE_TARGET scalar
#define SLUICE_TARGET_SCALAR 1
#include "core/simd/target.inl.h"
