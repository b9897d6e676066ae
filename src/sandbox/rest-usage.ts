/**
 * REST of credits and usage (protocol reference, section 1.5).
 * Not here: paths and keys (rest.ts), what is charged (*-session.ts).
 */
import { seconds } from './protocol.js';
import { ok, type RestAnswer } from './rest-answer.js';
import type { RestCall } from './rest-call.js';

export function credits({ account }: RestCall): RestAnswer {
  const { allocatedCredits, now } = account;
  return ok({
    remaining_credits: allocatedCredits - whole(allocatedCredits - account.remainingCredits),
    allocated_credits: allocatedCredits,
    billing_period: 'monthly',
    next_rollover_date: nextMonth(now),
    plan_name: 'sandbox',
  });
}

export function usageSummary({ account }: RestCall): RestAnswer {
  const { usage } = account;
  return ok({
    consumed_credits: whole(usage.credits),
    egress_audio_duration: seconds(usage.egressAudioS),
    egress_messages: usage.egressMessages,
    egress_text_size: usage.egressChars,
    ingress_audio_duration: seconds(usage.ingressAudioS),
    ingress_messages: usage.ingressMessages,
    ingress_text_size: usage.ingressChars,
    sessions: usage.sessions,
  });
}

/** Part of a credit counts as one. Steps of 0.24 credits add up to whole ones but for a rounding error. */
function whole(credits: number): number {
  return Math.ceil(seconds(credits));
}

/** The date of its first day. */
function nextMonth(nowMs: number): string {
  const now = new Date(nowMs);
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)).toISOString().slice(0, 10);
}
