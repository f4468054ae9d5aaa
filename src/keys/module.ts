import { defineModule } from '../define-module';
import { createKeyHandler, createRotateKey, getKeyHandler, listKeysHandler, revokeKeyHandler } from './keys';
import { createKeyRoutes } from './routes';

/** The module of API keys. */
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
