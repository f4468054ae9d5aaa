import { createServer, type Server } from 'node:http';
import { CannotListen, listen } from '../../../src/platform/listen';

const opened: Server[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => new Promise((closed) => server.close(closed))));
});

function server(): Server {
  const one = createServer();
  opened.push(one);
  return one;
}

const refusal = (host: string, port: number, variable: 'PORT' | 'METRICS_PORT' = 'PORT'): Promise<unknown> =>
  listen(createServer(), { host, port, variable }).catch((error: unknown) => error);

it('a server that listens returns its address', async () => {
  expect(await listen(server(), { host: '127.0.0.1', port: 0, variable: 'PORT' })).toMatchObject({
    address: '127.0.0.1',
    port: expect.any(Number),
  });
});

it('a taken port is an error that says which port, and what to set, and no other start with it helps', async () => {
  const { port } = await listen(server(), { host: '127.0.0.1', port: 0, variable: 'PORT' });
  const error = await refusal('127.0.0.1', port, 'METRICS_PORT');
  expect(error).toBeInstanceOf(CannotListen);
  expect(error).toMatchObject({
    exitCode: 3,
    message: `Port ${port} of 127.0.0.1 is taken by another program: stop that program, or set METRICS_PORT to a free port.`,
  });
});

it('an address of another machine is an error that says to set HOST', async () => {
  expect(await refusal('192.0.2.1', 8080)).toMatchObject({
    name: 'CannotListen',
    exitCode: 2,
    message: '192.0.2.1 is not an address of this machine: set HOST to an address that is, or to 0.0.0.0.',
  });
});
