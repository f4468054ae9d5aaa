import { defineModule } from '../define-module';
import { deleteExpiredHandler } from './delete-expired';

export const retentionModule = defineModule({ handlers: () => [deleteExpiredHandler] });
