import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs';
import { mendRequestQueues } from '../../src/kafka/socket';
import { Problem } from '../command';
import { lastLines, run } from '../os/child';
import { fromRoot } from '../os/files';
import { classPathOf, findJava, javaEnvironment } from './java';
import { launch, type ServiceContext } from './launch';

/** The settings of every broker; see Apache Kafka's broker configuration. */
const SETTINGS = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'controller.listener.names': 'CONTROLLER',
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '8',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'group.initial.rebalance.delay.ms': '0',
  'auto.create.topics.enable': 'false',
};

/** Logs warnings and errors to standard output. */
const LOGGING = `
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %m (%c)%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
`;

/** The settings of a broker beyond those of the local stack. */
export interface BrokerOptions {
  readonly heapMb?: number;
  /** The names of additional listeners, under which their ports are remembered. */
  readonly morePorts?: readonly string[];
  /** Returns additional broker settings for the ports: its own, its controller's, then `morePorts`. */
  readonly settings?: (ports: readonly number[]) => Readonly<Record<string, string>>;
  /** Arguments for the tool that creates the data folder, such as `--add-scram`. */
  readonly format?: readonly string[];
  /** How a client connects, for the readiness probe. */
  readonly client?: Pick<KafkaConfig, 'ssl' | 'sasl'>;
}

/** Starts a broker: one node in KRaft mode that is its own controller. @returns its address, `host:port` */
export async function startKafka(context: ServiceContext, options: BrokerOptions = {}): Promise<string> {
  const { heapMb = 512, morePorts = [], settings, format: formatArguments = [], client = {} } = options;
  const java = await findJava('Kafka');
  const classPath = await classPathOf(fromRoot('dev/kafka'), 'Kafka', context);
  const folder = join(context.dataDir, 'kafka');
  const logging = join(folder, 'log4j2.properties');
  await mkdir(folder, { recursive: true });
  await writeFile(logging, LOGGING);
  const jvm = [`-Xms${heapMb}m`, `-Xmx${heapMb}m`, `-Dlog4j2.configurationFile=${logging}`, '-cp', classPath];
  const [port = 0] = await launch(context, {
    name: 'kafka',
    title: 'Kafka',
    ports: { kafka: 9092, kafkaController: 9093, ...Object.fromEntries(morePorts.map((name) => [name, 0])) },
    command: async (ports) => {
      const properties = await writeProperties(folder, ports, settings?.(ports));
      await format(java, jvm, folder, properties, formatArguments);
      return { command: java, args: [...jvm, 'kafka.Kafka', properties], env: javaEnvironment() };
    },
    ready: ([port = 0]) => answers(`127.0.0.1:${port}`, client),
    timeoutMs: 120_000,
  });
  return `127.0.0.1:${port}`;
}

async function writeProperties(
  folder: string,
  [port = 0, controllerPort = 0]: readonly number[],
  settings: Readonly<Record<string, string>> = {},
) {
  const properties = {
    ...SETTINGS,
    'log.dirs': join(folder, 'data'),
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    ...settings,
  };
  const lines = Object.entries(properties).map(([key, value]) => `${key}=${inProperties(value)}`);
  const file = join(folder, 'server.properties');
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

/** Escapes a value, because Java reads such a file as ISO 8859-1. */
const inProperties = (value: string): string =>
  value.replace(/[^\x20-\x7e]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);

async function format(java: string, jvm: string[], folder: string, properties: string, more: readonly string[]) {
  if (existsSync(join(folder, 'data', 'meta.properties'))) return;
  // The tool would treat an id that begins with - as an option.
  const clusterId = randomBytes(16).toString('base64url').replace(/^-/, 'A');
  const args = [
    ...jvm,
    ...['kafka.tools.StorageTool', 'format', '--ignore-formatted'],
    ...['--cluster-id', clusterId, '--config', properties],
    ...more,
  ];
  const { code, output } = await run(java, args, { env: javaEnvironment() });
  if (code !== 0) throw new Problem(`Kafka's data folder could not be made: ${lastLines(output)}`);
}

/** Whether the broker is registered and not fenced any more, so that it accepts topics. */
async function answers(broker: string, client: Pick<KafkaConfig, 'ssl' | 'sasl'>): Promise<boolean> {
  mendRequestQueues();
  const kafka = new Kafka({
    ...client,
    brokers: [broker],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1000,
    retry: { retries: 0 },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    const { brokers, controller } = await admin.describeCluster();
    return brokers.length > 0 && controller !== null;
  } finally {
    await admin.disconnect();
  }
}
