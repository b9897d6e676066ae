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
import { sessionSeconds } from './session-limit.js';
import { SttChain } from './stt-chain.js';
import { SttSession } from './stt-session.js';
import { type CheckedSttOptions, checkNumber, checkSttOptions, checkText } from './stt-setup.js';
import type { TranscribeOptions, Transcript, Word } from './types.js';
import { WavRestart } from './wav-restart.js';

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
  retries: number;
  remainingMs(): number;
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
    const remainingMs = () => total.remainingMs;
    const lengthKnown = (durationS: number) => total.start(totalMs(deadlines, durationS));
    const sessionS = sessionSeconds(config);
    const job: Job = { link, recording, stt, deadlines, onProgress, retries, remainingMs, lengthKnown };
    const { durationS } = recording;
    if (durationS === undefined || durationS > sessionS) {
      return await inSessions({ ...job, recording: planned(recording, stt) }, sessionS, scope);
    }
    return await withRetries({ retries, scope, remainingMs }, () => attempt(job, scope));
  } finally {
    total.stop();
    scope.close();
    recording?.close?.();
  }
}

/** Pages of Ogg Opus are for one session: of several the times are exact only where the samples are counted here. */
function planned(recording: Recording, stt: CheckedSttOptions): Recording {
  const opus = recording.wire === 'opus' && recording.durationS !== undefined;
  if (!opus || stt.wire !== 'auto') return recording;
  return { ...recording, wire: 'pcm_24000', untouched: false };
}

/** All of it through one session. */
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
    const { requestId, model, delayInFrames, timestampShiftS } = session;
    return finished(job, facts, words, { requestId, model, delayInFrames, timestampShiftS, sessions: 1 });
  } finally {
    session.destroy();
    reader?.close();
    sender?.close();
    scope.close();
  }
}

/** Through as many sessions as it takes, each with the audio that follows; what fails is said again from there. */
async function inSessions(job: Job, sessionS: number, outer: Scope): Promise<Transcript> {
  const { link, recording, stt, deadlines, retries, remainingMs } = job;
  const { info, wire } = recording;
  const scope = new Scope(outer);
  const words: Word[] = [];
  const ended = deferred();
  const isWav = wire === 'wav' && info?.container === 'wav';
  const chain = new SttChain({
    config: { link, route: 'stt', deadlines },
    options: stt,
    wire,
    steps: false,
    sessionS,
    retries,
    remainingMs,
    live: false,
    wav: isWav ? new WavRestart(info, stt.stepsPerMessage) : undefined,
    onEvent: () => {},
    onWordOpened: (word) => words.push(word),
    ...progressHandler(job),
    onEnd: ended.resolve,
    onFail: (error) => scope.fail(error),
  });
  let reader: ChunkReader | undefined;
  let sender: AudioSender | undefined;
  try {
    sender = openSender(recording, stt.stepsPerMessage, chain.tape);
    reader = recording.open();
    const facts = await sendAll(job, chain, pumping(sender, chain), scope, reader);
    chain.finish(facts.durationS);
    await scope.wait(ended.promise);
    const { requestId, model, delayInFrames, shiftS } = chain.facts;
    const { sessions } = chain;
    return finished(job, facts, words, {
      requestId,
      model,
      delayInFrames,
      timestampShiftS: shiftS,
      sessions,
    });
  } finally {
    chain.destroy();
    reader?.close();
    sender?.close();
    scope.close();
  }
}

/** Its messages go on the chain's tape; the chain sends them. */
function pumping(sender: AudioSender, chain: SttChain): AudioSender {
  return {
    sendPiece(chunk, at) {
      const next = sender.sendPiece(chunk, at);
      chain.pump();
      return next;
    },
    sendRest() {
      const done = sender.sendRest();
      chain.pump();
      return done;
    },
    get found() {
      return sender.found;
    },
    close: () => sender.close(),
  };
}

async function sendAll(
  job: Job,
  session: Pick<SttSession, 'room'>,
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

type Served = Pick<Transcript, 'model' | 'delayInFrames' | 'timestampShiftS' | 'sessions'> & {
  requestId: string | undefined;
};

function finished(job: Job, facts: SourceFacts, words: Word[], served: Served): Transcript {
  const { recording, stt, onProgress } = job;
  const { source, durationS, warnings } = facts;
  onProgress?.({ transcribedS: durationS, durationS });
  return {
    text: words.map((word) => word.text).join(' '),
    words,
    language: stt.language,
    durationS,
    ...served,
    requestId: served.requestId ?? '',
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
    sessions: 0,
    durationS,
    delayInFrames: stt.delayInFrames,
    timestampShiftS: 0,
    wire: { format: recording.wire, untouched: recording.untouched },
    source,
    warnings,
  };
}
