import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** Replaces the file in one step: a reader sees the old content or the new one, never half of it. */
export function writeJson(path: string, value: unknown, mode = 0o600): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode });
  renameSync(temporary, path);
}

/** The file's content, or undefined when it is missing or is no JSON. The shape is the writer's word. */
export function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
}
