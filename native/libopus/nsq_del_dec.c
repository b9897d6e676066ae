// silk_NSQ_del_dec for x86-64: a choice between plain C and SSE4.1, which libopus 1.3.1 has not (see
// libopus.cmake). Not here: either of the two.
#define silk_NSQ_del_dec_c silk_NSQ_del_dec_plain  // as the plain one is called here; main.h declares it
#include "main.h"
#undef silk_NSQ_del_dec_c

#define ARCH_SSE4_1 3  // as opus_select_arch() of celt/x86/x86cpu.c counts; 4 is AVX

#define PARAMETERS                                                                                          \
  const silk_encoder_state *encoder, silk_nsq_state *state, SideInfoIndices *indices, const opus_int16 x[], \
      opus_int8 pulses[], const opus_int16 prediction[], const opus_int16 ltp[], const opus_int16 ar[],     \
      const opus_int harmonic[], const opus_int tilt[], const opus_int32 lf[], const opus_int32 gains[],    \
      const opus_int pitch[], opus_int lambda, opus_int ltp_scale

void silk_NSQ_del_dec_neon(PARAMETERS);
void silk_NSQ_del_dec_c(PARAMETERS);

void silk_NSQ_del_dec_c(PARAMETERS) {
  (encoder->arch >= ARCH_SSE4_1 ? silk_NSQ_del_dec_neon : silk_NSQ_del_dec_plain)(
      encoder, state, indices, x, pulses, prediction, ltp, ar, harmonic, tilt, lf, gains, pitch, lambda,
      ltp_scale);
}
