import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';

interface Parameter {
  readonly in: 'path' | 'query' | 'header';
  readonly name: string;
  readonly required?: boolean;
  readonly schema: object;
}

interface Content {
  readonly schema?: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

interface Reference {
  readonly $ref?: string;
}

interface Response extends Reference {
  readonly headers?: Readonly<Record<string, Reference & { readonly required?: boolean; readonly schema?: object }>>;
  readonly content?: Readonly<Record<string, Content>>;
}

export interface Operation {
  readonly operationId?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<Record<string, Response>>;
}

/** As much of an OpenAPI 3.1 document as is read here. */
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: object;
}

/** A request and what it was answered. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  /** The body that was sent, as JSON; `undefined` for none. */
  readonly json?: unknown;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface Contract {
  /** What an exchange has that the document does not allow; a path that is not in it is not judged. */
  readonly violations: (exchange: Exchange) => string[];
  /** What the document's own examples have that its schemas do not allow. */
  readonly badExamples: () => string[];
}

/** Judges requests and answers by an OpenAPI document. */
export function createContract(document: Document): Contract {
  const body = compilerOf(document, false);
  const parameter = compilerOf(document, true);
  const find = routerOf(document);

  function requestViolations({ path, json }: Exchange, { operation, params }: Match): string[] {
    const query = new URL(path, 'http://api').searchParams;
    const declared = (operation.parameters ?? []).filter((each) => each.in !== 'header');
    const known = new Set(declared.map(({ name }) => name));
    const given = (each: Parameter) => (each.in === 'path' ? params[each.name] : (query.get(each.name) ?? undefined));
    return [
      ...[...query.keys()].filter((name) => !known.has(name)).map((name) => `query ${name} is not declared`),
      ...declared.flatMap((each) => {
        const value = given(each);
        if (value === undefined) return each.required ? [`${each.in} ${each.name} is required`] : [];
        return parameter(each.schema, value).map((error) => `${each.in} ${each.name} ${error}`);
      }),
      ...(json === undefined ? [] : body(schemaOfBody(operation), json).map((error) => `body ${error}`)),
    ];
  }

  function answerViolations({ status, headers, text }: Exchange, { operation }: Match): string[] {
    const declared = operation.responses[status];
    if (!declared) return [`status ${status} is not declared`];
    const response = resolve<Response>(document, declared);
    const missing = Object.entries(response.headers ?? {})
      .filter(([name, each]) => resolve<{ required?: boolean }>(document, each).required && !headers.has(name))
      .map(([name]) => `header ${name} is missing`);
    const type = (headers.get('content-type') ?? '').split(';')[0] ?? '';
    if (!response.content) return text === '' ? missing : [...missing, `status ${status} has a body`];
    const content = response.content[type];
    if (!content) return [...missing, `status ${status} has no content of the type "${type}"`];
    const value: unknown = type.endsWith('json') ? JSON.parse(text) : text;
    return [...missing, ...body(content.schema ?? true, value).map((error) => `answer ${error}`)];
  }

  return {
    violations(exchange) {
      const match = find(exchange.method, exchange.path);
      if (!match) return [];
      const accepted = exchange.status < 300;
      return [...(accepted ? requestViolations(exchange, match) : []), ...answerViolations(exchange, match)].map(
        (violation) => `${exchange.method} ${exchange.path}: ${violation}`,
      );
    },
    badExamples() {
      const contents = operationsOf(document).flatMap(({ name, operation }) => [
        ...Object.values(operation.requestBody?.content ?? {}).map((content) => ({ name: `${name} body`, content })),
        ...Object.entries(operation.responses).flatMap(([status, response]) =>
          Object.values(resolve<Response>(document, response).content ?? {}).map((content) => ({
            name: `${name} ${status}`,
            content,
          })),
        ),
      ]);
      return contents.flatMap(({ name, content }) =>
        [
          ...('example' in content ? [content.example] : []),
          ...Object.values(content.examples ?? {}).map(({ value }) => value),
        ].flatMap((example) => body(content.schema ?? true, example).map((error) => `${name}: example ${error}`)),
      );
    },
  };
}

/** A body that has no schema may be anything; where no body is declared, none may be sent. */
const schemaOfBody = ({ requestBody }: Operation): object | boolean =>
  requestBody ? (requestBody.content['application/json']?.schema ?? true) : false;

/** @throws Error with these violations, when there are any */
export function assertAllowed(violations: readonly string[]): void {
  if (violations.length > 0) throw new Error(`The OpenAPI document does not allow:\n${violations.join('\n')}`);
}

/** Every operation of a document, with its method and path. */
export const operationsOf = (document: Document) =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method,
      path,
      operation,
    })),
  );

interface Match {
  readonly operation: Operation;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds the operation of a path; one without a parameter goes before one with. */
function routerOf(document: Document) {
  const routes = operationsOf(document)
    .map(({ path, method, operation }) => ({
      method,
      operation,
      pattern: new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
      variables: path.split('{').length,
    }))
    .sort((a, b) => a.variables - b.variables);
  return (method: string, path: string): Match | undefined => {
    const { pathname } = new URL(path, 'http://api');
    for (const route of routes) {
      const found = route.method === method.toLowerCase() && route.pattern.exec(pathname);
      if (!found) continue;
      const params = Object.entries(found.groups ?? {}).map(([name, value]) => [name, decoded(value)]);
      return { operation: route.operation, params: Object.fromEntries(params) as Record<string, string> };
    }
    return undefined;
  };
}

/** What is no UTF-8 stays as it is. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Compiles schemas whose references point into the document. */
function compilerOf(document: Document, coerceTypes: boolean) {
  const ajv = new Ajv({ strict: false, allErrors: true, coerceTypes });
  addFormats(ajv);
  const compiled = new Map<unknown, ValidateFunction>();
  return (schema: object | boolean, value: unknown): string[] => {
    const validate =
      compiled.get(schema) ??
      ajv.compile(typeof schema === 'object' ? { ...schema, components: document.components } : schema);
    compiled.set(schema, validate);
    return validate(structuredClone(value)) ? [] : (validate.errors ?? []).map(sentenceOf);
  };
}

const sentenceOf = ({ instancePath, message, params }: ErrorObject): string =>
  `${instancePath || '/'} ${message} ${JSON.stringify(params)}`;

function resolve<Target>(document: Document, target: Reference): Target {
  if (target.$ref === undefined) return target as Target;
  const steps = target.$ref.replace('#/', '').split('/');
  return steps.reduce<unknown>((node, step) => (node as Record<string, unknown>)[step], document) as Target;
}
