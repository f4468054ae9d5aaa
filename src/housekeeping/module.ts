import { defineModule } from '../define-module';
import { deleteExpiredHandler } from './delete-expired';

export const housekeepingModule = defineModule({ handlers: () => [deleteExpiredHandler] });
