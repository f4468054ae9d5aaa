import { defineConfig } from 'prisma/config';

/** Prisma's own tools (`prisma generate`, `prisma studio`) read this; the service does not. */
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env['DATABASE_URL'] ?? '' },
});
