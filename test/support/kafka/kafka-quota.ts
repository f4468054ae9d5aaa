import { Problem } from '../../../dev/command';
import { lastLines, run } from '../../../dev/os/child';
import { fromRoot } from '../../../dev/os/files';
import { classPathOf, findJava } from '../../../dev/services/java';
import { brokerAddress } from './kafka';

/** Lets a client produce this many bytes per second; kafkajs has no call for quotas, Kafka's own tool has. */
export async function limitProducer(clientId: string, bytesPerSecond: number): Promise<void> {
  const java = await findJava('Kafka');
  const classPath = await classPathOf(fromRoot('dev/kafka'), 'Kafka', { log: () => undefined });
  const { host, port } = brokerAddress();
  const { code, output } = await run(java, [
    ...['-Xmx128m', '-Dlog4j2.level=ERROR', '-cp', classPath, 'kafka.admin.ConfigCommand'],
    ...['--bootstrap-server', `${host}:${port}`, '--alter', '--entity-type', 'clients', '--entity-name', clientId],
    ...['--add-config', `producer_byte_rate=${bytesPerSecond}`],
  ]);
  if (code !== 0) throw new Problem(`Kafka took no quota: ${lastLines(output)}`);
}
