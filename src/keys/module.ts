import { defineModule } from '../define-module';
import { createKeyHandler } from './create-key';
import { getKeyHandler, listKeysHandler } from './find-key';
import { revokeKeyHandler } from './revoke-key';
import { createRotateKey } from './rotate-key';
import { createKeyRoutes } from './routes';

export const keysModule = defineModule({
  handlers: ({ keyRotationGraceMs }: { readonly keyRotationGraceMs: number }) => [
    listKeysHandler,
    getKeyHandler,
    createKeyHandler,
    revokeKeyHandler,
    createRotateKey(keyRotationGraceMs),
  ],
  routes: [createKeyRoutes],
});
