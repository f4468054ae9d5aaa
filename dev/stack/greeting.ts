import type { ApiKeys } from './secrets';

export interface GreetingOptions {
  readonly apiUrl: string;
  /** The port that the API would have, where another program has it. */
  readonly takenPort?: number | undefined;
  /** The address of the Web UI, or of the server where the UI is not known. */
  readonly temporalUrl: string;
  readonly databaseUrl: string;
  readonly kafkaBrokers: string;
  readonly stackFile: string;
  readonly keys: Pick<ApiKeys, 'service'>;
}

/** Shell commands that place an order for 99 EUR, and pay it. The second uses the answer of the first. */
export const orderCommands = ({ apiUrl, keys }: Pick<GreetingOptions, 'apiUrl' | 'keys'>) => ({
  place: `ORDER=$(curl -s ${apiUrl}/orders \\
  -H 'Authorization: Bearer ${keys.service}' \\
  -H 'Content-Type: application/json' \\
  -d '{"customer_id": "cus_demo", "product_sku": "vps.s", "amount": 9900}'); echo "$ORDER"`,
  pay: `ID=$(echo "$ORDER" | grep -o 'ord_[0-9a-f]*'); INVOICE=$(echo "$ORDER" | grep -o 'inv_[0-9a-f]*')
curl -s ${apiUrl}/invoices/close-after-payment \\
  -H 'Authorization: Bearer ${keys.service}' \\
  -H 'Content-Type: application/json' \\
  -d '{"order_id": "'$ID'", "invoice_id": "'$INVOICE'", "customer_id": "cus_demo",
       "amount": 9900, "currency": "EUR", "payment_id": "pay_for_'$ID'"}'; echo`,
});

/** What `npm start` prints when everything is ready: addresses, commands to try, where to look, how to stop. */
export function greeting(options: GreetingOptions): string {
  const { apiUrl, takenPort, temporalUrl, databaseUrl, kafkaBrokers, stackFile } = options;
  const { place, pay } = orderCommands(options);
  const why = takenPort === undefined ? '' : `  (another program has port ${takenPort})`;
  return `
paysaga is ready.

  API             ${apiUrl}${why}
  PostgreSQL      ${databaseUrl}
  Kafka           ${kafkaBrokers}
  Temporal        ${temporalUrl}
  keys, pids      ${stackFile}

Place an order:

${indented(place)}

Pay it:

${indented(pay)}

Look at it:

  ${`${apiUrl}/docs`.padEnd(38)}  every route, to try in the browser
  ${temporalUrl.padEnd(38)}  the workflow of each saga
  ${'npx paysaga sagas ls'.padEnd(38)}  the sagas, and where each stands

Ctrl-C stops everything and keeps the data in .paysaga/; \`npm run reset\` removes the data.
`;
}

const indented = (text: string): string => text.replaceAll(/^/gm, '  ');
