import { readFileSync } from 'node:fs';
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript';
import { expect, it } from 'vitest';

it('the client is generated from the committed OpenAPI document', async () => {
  const source = new URL('../openapi.json', import.meta.url);
  const generated = COMMENT_HEADER + astToString(await openapiTS(source));
  const committed = readFileSync(new URL('../src/api/schema.d.ts', import.meta.url), 'utf8');
  expect(generated === committed, 'run `npm run api`').toBe(true);
});
