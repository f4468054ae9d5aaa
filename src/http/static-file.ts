import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Context, Handler } from 'hono';
import { accepts } from 'hono/accepts';
import { Refusal } from '../platform/refusal';
import { createGate } from '../platform/shared-work';
import type { HttpEnv } from './problem';

/** A file to serve from memory. */
export interface StaticFile {
  /** The media type. */
  readonly type: string;
  readonly cacheControl: string;
  /** Called once. The content stays in memory. */
  readonly read: () => Promise<Buffer>;
}

interface Representation {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

type Encoding = 'identity' | 'gzip' | 'br';

/** The most downloads at once. More of them would delay the responses of the API. */
const DOWNLOADS_AT_ONCE = 4;
const DOWNLOAD_WAIT_MS = 5_000;

const compressGzip = promisify(gzip);
const compressBrotli = promisify(brotliCompress);
const downloads = createGate(DOWNLOADS_AT_ONCE);

/** Creates a handler that serves a file from memory, compressed once. Combine it with Hono's `etag()` for 304. */
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

/** Waits for a place among the downloads. @throws Refusal `overloaded` after 5 seconds */
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
      if (!passed)
        reject(new Refusal('overloaded', 'There are too many downloads at the moment. Try again.', { retry_after: 1 }));
    });
  });
}

/** Resolves when the response has ended. Returns `undefined` without a socket, as in tests. */
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
