import { Refusal } from '../../platform/refusal';
import { logFields } from '../../platform/telemetry/logged-errors';
import type { Behaviour } from '../behaviour';

/** One line per message that did not succeed, one at debug level for each that did. */
export const logging: Behaviour = async function logging(dispatch, next) {
  const started = performance.now();
  const line = () => ({
    message: dispatch.definition.name,
    correlation_id: dispatch.context.correlation_id,
    ...(dispatch.options.step && { saga_id: dispatch.options.step.sagaId, step: dispatch.options.step.name }),
    duration_ms: Math.round((performance.now() - started) * 10) / 10,
  });
  try {
    const result = await next();
    dispatch.logger.debug(line(), 'message.handled');
    return result;
  } catch (error) {
    if (error instanceof Refusal) dispatch.logger.info({ ...line(), code: error.code }, 'message.refused');
    else dispatch.logger.error({ ...line(), ...logFields(error) }, 'message.failed');
    throw error;
  }
};
