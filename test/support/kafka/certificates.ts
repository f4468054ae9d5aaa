import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../dev/os/child';

/** PEM files of an authority of the test's own, and of a server on loopback and a client that it vouches for. */
export interface Certificates {
  readonly ca: string;
  readonly client: { readonly cert: string; readonly key: string };
  /** Key and certificate in one file, as Kafka reads them. */
  readonly server: string;
}

/** Made by `openssl`, for one day. */
export async function createCertificates(folder: string): Promise<Certificates> {
  await mkdir(folder, { recursive: true });
  const file = (name: string): string => join(folder, name);
  const openssl = async (...args: string[]): Promise<void> => {
    const { code, output } = await run('openssl', args);
    if (code !== 0) throw new Error(`openssl ${args[0]}: ${output}`);
  };
  const newKey = ['-newkey', 'rsa:2048', '-nodes', '-days', '1'];
  await openssl('req', '-x509', ...newKey, '-subj', '/CN=test CA', '-keyout', file('ca.key'), '-out', file('ca.pem'));
  const sign = ['-CA', file('ca.pem'), '-CAkey', file('ca.key')];
  const issue = (name: string, subject: string, ...extensions: string[]) =>
    openssl(
      ...['req', '-x509', ...newKey, '-subj', subject, ...extensions.flatMap((line) => ['-addext', line]), ...sign],
      ...['-addext', 'basicConstraints=critical,CA:FALSE', '-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)],
    );
  await issue('server', '/CN=kafka', 'subjectAltName=IP:127.0.0.1,DNS:localhost');
  await issue('client', '/CN=paysaga');
  const server = await Promise.all(['server.key', 'server.pem'].map((name) => readFile(file(name), 'utf8')));
  await writeFile(file('server-all.pem'), server.join(''));
  return {
    ca: file('ca.pem'),
    client: { cert: file('client.pem'), key: file('client.key') },
    server: file('server-all.pem'),
  };
}
