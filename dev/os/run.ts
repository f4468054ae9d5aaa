import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
  /** Ends the tool, and rejects. */
  readonly signal?: AbortSignal;
  /** Whom it runs as; only root can say. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
}

export interface RunResult {
  /** 0 when it went well; null when it could not be started or was killed. */
  readonly code: number | null;
  /** Standard output and standard error, in the order they came. */
  readonly output: string;
}

/**
 * Runs a tool to its end and collects what it printed. A missing tool is `code: null`.
 * @throws AbortError when the signal asked for it, and nothing else
 */
export function run(
  command: string,
  args: readonly string[],
  { cwd, env, timeoutMs, signal, user }: RunOptions = {},
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const tool = spawn(command, args, {
      cwd,
      env,
      timeout: timeoutMs,
      signal,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(user ?? {}),
    });
    let output = '';
    const collect = (chunk: Buffer): void => void (output += chunk.toString());
    tool.stdout.on('data', collect);
    tool.stderr.on('data', collect);
    tool.once('error', (error) => {
      if (error.name === 'AbortError') reject(error);
      else resolve({ code: null, output: error.message });
    });
    tool.once('close', (code) => resolve({ code, output }));
  });
}

/** The last lines that say something, for the sentence that explains a failed tool. */
export function lastLines(output: string, count = 2): string {
  const lines = output.split('\n').map((line) => line.trim());
  return lines.filter(Boolean).slice(-count).join(' ');
}
