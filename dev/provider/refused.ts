/** An answer of the test provider or carrier that says no. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly status: 402 | 404 | 409 | 422,
    readonly code: string,
  ) {
    super(code);
  }
}
