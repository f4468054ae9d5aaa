import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Problem, stage } from '../command';
import { lastLines, run } from '../os/child';
import { cacheDirectory, once } from '../os/files';
import type { InstallContext } from './launch';

/** The oldest Java version that Kafka 4 supports. */
const OLDEST_JAVA = 17;

/**
 * Returns the environment of a Java program. Java reads file names by the locale: with `LANG=C` it does not find a
 * folder with letters beyond ASCII.
 */
export const javaEnvironment = (): NodeJS.ProcessEnv => ({ ...process.env, LC_ALL: 'C.UTF-8' });

/** Returns the `java` command for `wantedBy`. @throws Problem when Java is missing or too old */
export async function findJava(wantedBy: string): Promise<string> {
  const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java';
  const { code, output } = await run(java, ['-version']);
  const advice = `install one (on Debian: \`apt-get install openjdk-17-jre-headless\`)`;
  if (code !== 0) throw new Problem(`${wantedBy} needs Java ${OLDEST_JAVA} or newer and there is none: ${advice}.`);
  const version = Number(/version "(?:1\.)?(\d+)/.exec(output)?.[1]);
  if (version < OLDEST_JAVA)
    throw new Problem(`${wantedBy} needs Java ${OLDEST_JAVA} or newer, this is Java ${version}: ${advice}.`);
  return java;
}

/**
 * Returns the class path of the jars in a pom, which Maven downloads once for this machine.
 * @param pomDirectory has the `pom.xml`; its name and the version in it name the folder in the cache
 */
export async function classPathOf(pomDirectory: string, title: string, context: InstallContext): Promise<string> {
  const pom = await readFile(join(pomDirectory, 'pom.xml'), 'utf8');
  const version = /<dependency>.*?<version>([^<]+)</s.exec(pom)?.[1] ?? '0';
  const digest = createHash('sha256').update(pom).digest('hex').slice(0, 8);
  const name = `${basename(pomDirectory)}-${version}-${digest}`;
  const jars = await once(join(cacheDirectory(), name), (into) =>
    stage(context.log, `${title} ${version} by Maven`, () => copyJars(pomDirectory, into, title, context)),
  );
  return join(jars, '*');
}

async function copyJars(pomDirectory: string, into: string, title: string, { signal }: InstallContext): Promise<void> {
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${into}`];
  const pom = join(pomDirectory, 'pom.xml');
  const { code, output } = await run('mvn', ['--batch-mode', '--quiet', `--file=${pom}`, ...goal], {
    ...(signal && { signal }),
  });
  if (code === 0) return;
  if (code === null)
    throw new Problem(`Maven brings ${title} and it is not there: install it (on Debian: \`apt-get install maven\`).`);
  throw new Problem(`Maven could not bring ${title}: ${firstError(output)}`);
}

function firstError(output: string): string {
  return output.split('\n').find((line) => line.includes('ERROR')) ?? lastLines(output);
}
