import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Context, Handler } from 'hono';
import { accepts } from 'hono/accepts';
import { Refusal } from '../platform/refusal';
import { createGate } from '../platform/shared-work';
import type { HttpEnv } from './problem';

export interface StaticFile {
  readonly type: string;
  readonly cacheControl: string;
  /** Called once; the content stays in memory. */
  readonly read: () => Promise<Buffer>;
}

interface Representation {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

type Encoding = 'identity' | 'gzip' | 'br';

/** Of large files: each more would only make the answers of the API wait while it is written. */
const DOWNLOADS_AT_ONCE = 4;
const DOWNLOAD_WAIT_MS = 5_000;

const compressGzip = promisify(gzip);
const compressBrotli = promisify(brotliCompress);
const downloads = createGate(DOWNLOADS_AT_ONCE);

/** Answers with a file from memory, compressed once. Pair it with Hono's `etag()`, which answers 304. */
export function serveStatic(file: StaticFile): Handler<HttpEnv> {
  let loaded: Promise<Record<Encoding, Representation>> | undefined;
  const load = (): Promise<Record<Encoding, Representation>> => {
    loaded ??= represent(file).catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return loaded;
  };

  return async function answerStatic(c) {
    const representations = await load();
    const supports: Encoding[] = ['br', 'gzip'];
    const encoding = accepts(c, { header: 'Accept-Encoding', supports, default: 'identity' }) as Encoding;
    await admitDownload(c);
    const { body, headers } = representations[encoding];
    return c.body(body, 200, headers);
  };
}

/** @throws Refusal `overloaded` when too many others download for too long */
async function admitDownload(c: Context<HttpEnv>): Promise<void> {
  const ended = endOfAnswer(c);
  if (!ended) return;
  await new Promise<void>((resolve, reject) => {
    const work = async (): Promise<true> => {
      resolve();
      await ended;
      return true;
    };
    void downloads.pass(DOWNLOAD_WAIT_MS, work).then((passed) => {
      if (!passed) reject(new Refusal('overloaded', 'Too many download this now; try again.', { retry_after: 1 }));
    });
  });
}

/** `undefined` without a socket, as in a test. */
function endOfAnswer(c: Context<HttpEnv>): Promise<void> | undefined {
  const { outgoing } = c.env ?? {};
  if (!outgoing) return undefined;
  return new Promise((resolve) => {
    if (outgoing.closed) resolve();
    else outgoing.once('close', resolve);
  });
}

async function represent({ type, cacheControl, read }: StaticFile): Promise<Record<Encoding, Representation>> {
  const content = await read();
  const hash = createHash('sha256').update(content).digest('base64url').slice(0, 22);
  const [zipped, brotli] = await Promise.all([
    compressGzip(content, { level: 9 }),
    compressBrotli(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  ]);
  const common = { 'content-type': type, 'cache-control': cacheControl, vary: 'Accept-Encoding' };
  const encoded = (encoding: Encoding, body: Buffer): Representation => ({
    body: Uint8Array.from(body),
    headers: { ...common, etag: `"${hash}-${encoding}"`, 'content-encoding': encoding },
  });
  return {
    identity: { body: Uint8Array.from(content), headers: { ...common, etag: `"${hash}"` } },
    gzip: encoded('gzip', zipped),
    br: encoded('br', brotli),
  };
}
