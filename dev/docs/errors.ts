import { httpCodes, type RefusalCodeEntry, stepCodes } from '../../src/platform/refusal-codes';
import { escapeCell, table } from './table';

const rowsOf = (codes: Readonly<Record<string, RefusalCodeEntry>>, cells: (entry: RefusalCodeEntry) => string[]) =>
  Object.entries(codes).map(([code, entry]) => [`\`${code}\``, ...cells(entry).map(escapeCell)]);

/** `docs/errors.md`. */
export const renderErrors = (): string =>
  [
    '# Errors',
    'Every error is `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)): `type`, `title`, `status`, ' +
      '`detail`, `instance`, `code`, `request_id`, and of `validation_failed` also `errors` (`pointer`, `message`). Decide by ' +
      '`code`: it is stable. `detail` is a sentence for people, and may change. The OpenAPI document lists the codes of each ' +
      'route.',
    'A request that is answered 4xx has changed nothing. After 500 or 503, or no answer at all, repeat it with the same ' +
      '`Idempotency-Key`, or `payment_id`: it has one effect.',
    '## Codes of HTTP answers',
    table(
      ['code', 'status', 'what happened', 'what to do'],
      rowsOf(httpCodes, ({ status, meaning, remedy }) => [String(status), meaning, remedy]),
    ),
    '## Codes of a saga’s steps',
    'A step that is refused ends with one of these. They are in the `error` of the step (`GET /sagas/{saga_id}`), in the ' +
      'payment or shipment that failed, and in its event.',
    table(
      ['code', 'what happened', 'what to do'],
      rowsOf(stepCodes, ({ meaning, remedy }) => [meaning, remedy]),
    ),
  ].join('\n\n');
