import { greeting } from '../../../dev/stack/stack-file';

const options = {
  apiUrl: 'http://127.0.0.1:3001',
  temporalUrl: 'http://127.0.0.1:8233',
  databaseUrl: 'postgresql://paysaga@127.0.0.1:5432/paysaga',
  kafkaBrokers: '127.0.0.1:9092',
  stackFile: '.paysaga/stack.json',
  keys: { service: 'key_1.secret' },
};

it('the greeting has the addresses, commands for an order and its payment, where to look, and how to stop', () => {
  const text = greeting(options);
  for (const part of [
    'curl -s http://127.0.0.1:3001/orders',
    'curl -s http://127.0.0.1:3001/invoices/close-after-payment',
    'http://127.0.0.1:3001/docs',
    'http://127.0.0.1:8233',
    'postgresql://paysaga@127.0.0.1:5432/paysaga',
    '127.0.0.1:9092',
    '.paysaga/stack.json',
    'npx paysaga sagas ls',
    'Ctrl-C stops everything',
    'npm run reset',
  ])
    expect(text).toContain(part);
  expect(text).not.toContain('another program');
});

it('the greeting says why the API is on another port', () => {
  expect(greeting({ ...options, takenPort: 3000 })).toContain(
    'http://127.0.0.1:3001  (another program has port 3000)\n',
  );
});
