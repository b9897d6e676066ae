#include "core/simd/kernels.h"

#include "core/simd/simd_level.h"

namespace sluice {

namespace scalar {
extern const Kernels kKernels;
}
#if defined(__x86_64__) || defined(_M_X64)
namespace sse2 {
extern const Kernels kKernels;
}
namespace avx2 {
extern const Kernels kKernels;
}
namespace avx512 {
extern const Kernels kKernels;
}
namespace vnni {
extern const Kernels kKernels;
}
#elif defined(__aarch64__) || defined(_M_ARM64)
namespace neon {
extern const Kernels kKernels;
}
#endif

const Kernels& KernelsFor(SimdLevel level) {
  switch (level) {
#if defined(__x86_64__) || defined(_M_X64)
    case SimdLevel::kSse2:
      return sse2::kKernels;
    case SimdLevel::kAvx2:
      return avx2::kKernels;
    case SimdLevel::kAvx512:
      return avx512::kKernels;
    case SimdLevel::kVnni:
      return vnni::kKernels;
#elif defined(__aarch64__) || defined(_M_ARM64)
    case SimdLevel::kNeon:
      return neon::kKernels;
#endif
    default:
      return scalar::kKernels;
  }
}

const Kernels& ActiveKernels() {
  static const Kernels& kernels = KernelsFor(ActiveSimdLevel());
  return kernels;
}

}  // namespace sluice
