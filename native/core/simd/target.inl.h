// One instruction set's kernels. A target_*.cpp defines SLUICE_TARGET (its namespace) and one SLUICE_TARGET_*
// macro, and includes this; CMakeLists.txt gives it the compiler's flags.
//
// What is included here, or below, must leave no function behind that another file could be linked against:
// an inline function or template of the standard library, compiled here with AVX-512, might be the copy that
// the linker keeps for the whole program, and crash older machines. So: no header but these, everything in an
// unnamed namespace, and test/unit/house/simd.test.ts looks at the object files.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(SLUICE_TARGET_NEON)
#include <arm_neon.h>
#elif !defined(SLUICE_TARGET_SCALAR)
#include <immintrin.h>
#endif

#include "core/simd/kernels.h"
//
#include "core/simd/vec.inl.h"
//
#include "core/simd/base64_kernels.inl.h"
#include "core/simd/crc_kernels.inl.h"
#include "core/simd/fir_kernels.inl.h"
#include "core/simd/g711_kernels.inl.h"
#include "core/simd/pcm_kernels.inl.h"

namespace sluice::SLUICE_TARGET {

extern const Kernels kKernels;
const Kernels kKernels = {kG711Kernels, kPcmKernels, kBase64Kernels, kFirKernels, kCrcKernels};

}  // namespace sluice::SLUICE_TARGET
