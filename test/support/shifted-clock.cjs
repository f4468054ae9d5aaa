/**
 * For `node --require`: this process's clock is off by CLOCK_SHIFT_MS. `performance.now()` and timers are not, as where a
 * clock is wrong but runs.
 */
const shift = Number(process.env.CLOCK_SHIFT_MS ?? 0);
const RealDate = Date;

globalThis.Date = class Date extends RealDate {
  constructor(...args) {
    super(...(args.length === 0 ? [RealDate.now() + shift] : args));
  }

  static now() {
    return RealDate.now() + shift;
  }
};
