import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTeardown } from '../../../dev/command';
import { createPorts } from '../../../dev/os/ports';
import { startKafka } from '../../../dev/services/kafka';
import { dataFolder } from '../e2e-stack';
import { type Certificates, createCertificates } from './certificates';
import { uniqueName } from './kafka';

export interface SecureKafka {
  /** Asks for TLS, and a name with its password: SCRAM-SHA-512 or PLAIN. */
  readonly saslBroker: string;
  /** Asks for TLS, and the client's own certificate. */
  readonly certificateBroker: string;
  readonly certificates: Certificates;
  stop(): Promise<void>;
}

export const user = { username: 'paysaga', password: 'right-password' };

const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required';
const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule required';
const login = `username="${user.username}" password="${user.password}"`;

/** A separate broker for the test, which requires authentication. */
export async function startSecureKafka(): Promise<SecureKafka> {
  // As on a machine without a locale: Java then needs to be told how file names are written.
  process.env.LANG = 'C';
  const dataDir = join(dataFolder(), uniqueName('sécurité'));
  await mkdir(dataDir, { recursive: true });
  const certificates = await createCertificates(join(dataDir, 'certificates'));
  const teardown = createTeardown();
  let certificatePort = 0;
  const saslBroker = await startKafka(
    {
      dataDir,
      teardown,
      ports: createPorts(),
      lastPorts: new Map(),
      wellKnownPorts: false,
      log: () => undefined,
      signal: new AbortController().signal,
    },
    {
      heapMb: 256,
      morePorts: ['certificate'],
      settings: ([port = 0, controllerPort = 0, ofCertificates = 0]) => {
        certificatePort = ofCertificates;
        return {
          listeners: [
            `SASL://127.0.0.1:${port}`,
            `CERTIFICATE://127.0.0.1:${ofCertificates}`,
            `CONTROLLER://127.0.0.1:${controllerPort}`,
          ].join(),
          'listener.security.protocol.map': 'SASL:SASL_SSL,CERTIFICATE:SSL,CONTROLLER:PLAINTEXT',
          'inter.broker.listener.name': 'SASL',
          'sasl.enabled.mechanisms': 'SCRAM-SHA-512,PLAIN',
          'sasl.mechanism.inter.broker.protocol': 'SCRAM-SHA-512',
          'listener.name.sasl.scram-sha-512.sasl.jaas.config': `${scram} ${login};`,
          'listener.name.sasl.plain.sasl.jaas.config': `${plain} ${login} user_${user.username}="${user.password}";`,
          'listener.name.certificate.ssl.client.auth': 'required',
          'ssl.keystore.type': 'PEM',
          'ssl.keystore.location': certificates.server,
          'ssl.truststore.type': 'PEM',
          'ssl.truststore.location': certificates.ca,
        };
      },
      format: ['--add-scram', `SCRAM-SHA-512=[name=${user.username},password=${user.password}]`],
      client: {
        ssl: { ca: [await readFile(certificates.ca, 'utf8')] },
        sasl: { mechanism: 'scram-sha-512', ...user },
      },
    },
  );
  return {
    saslBroker,
    certificateBroker: `127.0.0.1:${certificatePort}`,
    certificates,
    stop: () => teardown.run(),
  };
}
