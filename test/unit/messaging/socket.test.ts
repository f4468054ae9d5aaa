import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { breakWhenSilent, plainSocketFactory } from '../../../src/kafka/socket';

const FETCH = 1;
const JOIN_GROUP = 11;
const patience = { silentAfterMs: 1_000, joinAfterMs: 3_000 };
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

let server: Server;
let answerers: Socket[];
let sockets: Socket[];

beforeEach(async () => {
  answerers = [];
  sockets = [];
  server = createServer((socket) => void answerers.push(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const socket of [...answerers, ...sockets]) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

const factory = () => breakWhenSilent(plainSocketFactory, patience);
async function open(create: ReturnType<typeof factory>): Promise<Socket> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve) => {
    const socket: Socket = create({
      host: '127.0.0.1',
      port,
      ssl: undefined as never,
      onConnect: () => resolve(socket),
    });
    sockets.push(socket.on('error', () => undefined));
  });
}
function request(apiKey: number): Buffer {
  const data = Buffer.alloc(6);
  data.writeInt32BE(2, 0);
  data.writeInt16BE(apiKey, 4);
  return data;
}
const answer = (bytes: number): Buffer => Buffer.concat([Buffer.from([0, 0, 0, bytes]), Buffer.alloc(bytes)]);

test('a connection that owes an answer breaks, and one that owes none stays', async () => {
  const [owing, idle] = [await open(factory()), await open(factory())];
  owing.write(request(FETCH));
  await sleep(2_200);
  expect([owing.destroyed, idle.destroyed]).toEqual([true, false]);
});

test('a connection that has answered in full stays, one with half an answer breaks', async () => {
  const [whole, half] = [await open(factory()), await open(factory())];
  for (const socket of [whole, half]) socket.write(request(FETCH));
  await sleep(100);
  for (const byte of answer(3)) answerers[0]?.write(Buffer.from([byte]));
  answerers[1]?.write(answer(30).subarray(0, 20));
  await sleep(2_200);
  expect([whole.destroyed, half.destroyed]).toEqual([false, true]);
});

test('a connection stays as long as its answers arrive, however many it owes', async () => {
  const socket = await open(factory());
  for (let count = 0; count < 5; count += 1) socket.write(request(FETCH));
  for (let count = 0; count < 4; count += 1) {
    await sleep(600);
    answerers[0]?.write(answer(5));
  }
  expect(socket.destroyed).toBe(false);
  await sleep(2_200);
  expect(socket.destroyed).toBe(true);
});

test('joining a group may take longer', async () => {
  const socket = await open(factory());
  socket.write(request(JOIN_GROUP));
  await sleep(2_200);
  expect(socket.destroyed).toBe(false);
  await sleep(2_200);
  expect(socket.destroyed).toBe(true);
});

test('with a connection break the others to its broker that have heard nothing since', async () => {
  const create = factory();
  const [owing, silent, heard] = [await open(create), await open(create), await open(create)];
  owing.write(request(FETCH));
  await sleep(1_100);
  heard.write(request(FETCH));
  await sleep(50);
  answerers[2]?.write(answer(1));
  await sleep(850);
  expect([owing.destroyed, silent.destroyed, heard.destroyed]).toEqual([true, true, false]);
});
