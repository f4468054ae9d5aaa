import { spawn } from 'node:child_process';

/** Said alone, without a stack: a sentence with the command that helps. */
export class Problem extends Error {}

/** @param {string} line */
export const print = (line) => void process.stdout.write(`${line}\n`);

/** @param {number} ms */
const duration = (ms) => (ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`);

/**
 * Runs one stage and prints its end with its duration, and every 15 s that it is still at work.
 * @template T
 * @param {string} title
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function stage(title, work) {
  const begun = performance.now();
  const elapsed = () => duration(performance.now() - begun);
  const reminder = setInterval(() => print(`… ${title} (${elapsed()})`), 15_000);
  try {
    const result = await work();
    print(`✓ ${title} (${elapsed()})`);
    return result;
  } catch (error) {
    print(`✗ ${title} (${elapsed()})`);
    throw error;
  } finally {
    clearInterval(reminder);
  }
}

/**
 * Runs a tool and shows what it printed only when it fails.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<void>}
 */
export function runTool(command, args, { cwd, env = process.env }) {
  return new Promise((resolve, reject) => {
    const tool = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [tool.stdout, tool.stderr]) stream.on('data', (chunk) => (output += chunk));
    tool.once('error', reject);
    tool.once('close', (code) => {
      if (code === 0) return resolve();
      process.stderr.write(output);
      reject(new Problem(`\`${[command.split('/').pop(), ...args].join(' ')}\` failed, see above.`));
    });
  });
}
