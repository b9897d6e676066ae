/**
 * One recording to one transcript: attempts, deadlines, and the loop that moves the audio.
 * Not here: the protocol (stt-session.ts), what the recording is (recording.ts).
 */
import {
  type ByteSource,
  type ChunkReader,
  deferred,
  type ResolvedDeadlines,
  resolveDeadlines,
  Scope,
  TotalDeadline,
  Turns,
  totalMs,
  withRetries,
} from '../speech/index.js';
import type { AudioSender } from './audio-sender.js';
import type { Link } from './channel.js';
import { openSender } from './open-sender.js';
import { openRecording, type Recording, type SourceFacts, sourceFacts } from './recording.js';
import { type ClientConfig, linkFor } from './session.js';
import { SttSession } from './stt-session.js';
import { type CheckedSttOptions, checkNumber, checkSttOptions, checkText } from './stt-setup.js';
import type { TranscribeOptions, Transcript, Word } from './types.js';

/** 800 ms: masking and the trip through the socket cost per message. */
const STEPS_PER_MESSAGE = 10;
/** `onProgress` is called once in so much audio. */
const PROGRESS_EVERY_S = 1;

interface Job {
  link: Link;
  recording: Recording;
  stt: CheckedSttOptions;
  deadlines: ResolvedDeadlines;
  onProgress: TranscribeOptions['onProgress'];
  /** Arms the total deadline of a source whose length was not known until now. */
  lengthKnown(durationS: number): void;
}

export async function transcribe(
  config: ClientConfig,
  source: ByteSource,
  options: TranscribeOptions = {},
): Promise<Transcript> {
  const stt = checkSttOptions(options, STEPS_PER_MESSAGE);
  const retries = checkNumber('retries', options.retries, 0, 1000, true) ?? 4;
  const deadlines = resolveDeadlines(options.deadlines, config.deadlines);
  const link = linkFor(config, options.transport);
  const ffmpeg = checkText('ffmpeg', options.ffmpeg);
  const scope = new Scope(options.signal);
  const total = new TotalDeadline(scope);
  let recording: Recording | undefined;
  try {
    scope.throwIfFailed();
    if (deadlines.totalMs !== undefined) total.start(deadlines.totalMs);
    const { format } = options;
    recording = await openRecording(source, { format, wire: stt.wire, ffmpeg }, scope);
    if (recording.empty) {
      // A stream is still held.
      recording.open().close();
      return emptyTranscript(recording, stt);
    }
    if (recording.durationS !== undefined) total.start(totalMs(deadlines, recording.durationS));
    const { onProgress } = options;
    const lengthKnown = (durationS: number) => total.start(totalMs(deadlines, durationS));
    const job: Job = { link, recording, stt, deadlines, onProgress, lengthKnown };
    return await withRetries(
      { retries: recording.again ? retries : 0, scope, remainingMs: () => total.remainingMs },
      () => attempt(job, scope),
    );
  } finally {
    total.stop();
    scope.close();
    recording?.close?.();
  }
}

async function attempt(job: Job, outer: Scope): Promise<Transcript> {
  const { link, recording, stt, deadlines } = job;
  const scope = new Scope(outer);
  const words: Word[] = [];
  const ended = deferred();
  const session = new SttSession({
    config: { link, route: 'stt', deadlines },
    options: stt,
    wire: recording.wire,
    steps: false,
    onEvent: () => {},
    onWordOpened: (word) => words.push(word),
    ...progressHandler(job),
    onEnd: ended.resolve,
    onFail: (error) => scope.fail(error),
  });
  let reader: ChunkReader | undefined;
  let sender: AudioSender | undefined;
  try {
    sender = openSender(recording, stt.stepsPerMessage, session);
    reader = recording.open();
    const facts = await sendAll(job, session, sender, scope, reader);
    session.finish(facts.durationS);
    await scope.wait(ended.promise);
    return finished(job, session, facts, words);
  } finally {
    session.destroy();
    reader?.close();
    sender?.close();
    scope.close();
  }
}

async function sendAll(
  job: Job,
  session: SttSession,
  sender: AudioSender,
  scope: Scope,
  reader: ChunkReader,
): Promise<SourceFacts> {
  const turns = new Turns();
  const room = async () => {
    for (let wait = session.room() ?? turns.due(); wait; wait = session.room() ?? turns.due()) {
      await scope.wait(wait);
    }
  };
  for (;;) {
    const chunk = await scope.wait(reader.next());
    if (!chunk) break;
    for (let at = 0; at < chunk.length; ) {
      await room();
      at = sender.sendPiece(chunk, at);
    }
  }
  do await room();
  while (!sender.sendRest());
  const facts = sourceFacts(job.recording, sender.found);
  job.lengthKnown(facts.durationS);
  return facts;
}

function progressHandler({ onProgress, recording }: Job): { onProgress?: (serverS: number) => void } {
  if (!onProgress) return {};
  const { durationS } = recording;
  let reportedS = 0;
  return {
    onProgress(serverS) {
      if (serverS - reportedS < PROGRESS_EVERY_S) return;
      reportedS = serverS;
      if (durationS === undefined) onProgress({ transcribedS: serverS });
      else onProgress({ transcribedS: Math.min(serverS, durationS), durationS });
    },
  };
}

function finished(job: Job, session: SttSession, facts: SourceFacts, words: Word[]): Transcript {
  const { recording, stt, onProgress } = job;
  const { source, durationS, warnings } = facts;
  onProgress?.({ transcribedS: durationS, durationS });
  return {
    text: words.map((word) => word.text).join(' '),
    words,
    language: stt.language,
    model: session.model,
    requestId: session.requestId ?? '',
    durationS,
    delayInFrames: session.delayInFrames,
    timestampShiftS: session.timestampShiftS,
    wire: { format: recording.wire, untouched: recording.untouched },
    source,
    warnings,
  };
}

/** No audio, no session, no cost: the answer is known. */
function emptyTranscript(recording: Recording, stt: CheckedSttOptions): Transcript {
  const { source, durationS, warnings } = sourceFacts(
    recording,
    recording.info ?? { frames: 0, warnings: [] },
  );
  return {
    text: '',
    words: [],
    language: stt.language,
    model: stt.model,
    requestId: '',
    durationS,
    delayInFrames: stt.delayInFrames,
    timestampShiftS: 0,
    wire: { format: recording.wire, untouched: recording.untouched },
    source,
    warnings,
  };
}
