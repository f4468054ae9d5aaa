import { defineModule } from '../define-module';
import { deleteExpiredHandler } from './retention';

/** The module that deletes expired rows. */
export const retentionModule = defineModule({ handlers: () => [deleteExpiredHandler] });
