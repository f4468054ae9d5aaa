import type { ProcessName } from './process-environment';

interface MemoryLimits {
  /** V8's old and young generation, in MiB. */
  readonly old: number;
  readonly semi: number;
  /** Of glibc's malloc: the more, the more stays in pieces that are free but not given back. */
  readonly arenas: number;
}

/**
 * What keeps each process within its container: 256 MiB, the worker 512 MiB. About 90 MiB are outside the heap. Without
 * limits V8 takes them from the machine's memory, and collects too late. `docker-compose.yml` and `docs/deploy.md`
 * have the same.
 */
const LIMITS: Record<ProcessName, MemoryLimits> = {
  api: { old: 128, semi: 4, arenas: 1 },
  worker: { old: 256, semi: 8, arenas: 2 },
  consumer: { old: 128, semi: 4, arenas: 1 },
};

export const isProcessName = (name: string): name is ProcessName => name in LIMITS;

/** What `node` is started with. */
export function memoryLimits(name: ProcessName): {
  readonly flags: readonly string[];
  readonly env: NodeJS.ProcessEnv;
} {
  const { old, semi, arenas } = LIMITS[name];
  return {
    flags: [`--max-old-space-size=${old}`, `--max-semi-space-size=${semi}`],
    env: { MALLOC_ARENA_MAX: String(arenas) },
  };
}
