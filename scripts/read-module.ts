import ts from 'typescript';

/** What a module reaches for outside itself. */
export interface ModuleFacts {
  /** Specifiers of all imports: static, type, dynamic, re-exports, and files found through `import.meta.url`. */
  readonly imports: readonly string[];
  /** Source text of dynamic imports whose specifier only exists at run time. */
  readonly computedImports: readonly string[];
  /** Names the code refers to, such as `Buffer`; `Math.random` for a member, `new Date()` when nothing is passed. */
  readonly names: ReadonlySet<string>;
}

interface Findings {
  readonly imports: string[];
  readonly computedImports: string[];
  readonly names: Set<string>;
}

type Reader = (node: ts.Node, findings: Findings) => void;

/** Reads a module's text with the compiler's parser, so comments and strings do not count. */
export function readModule(file: string, text: string): ModuleFacts {
  const findings: Findings = { imports: [], computedImports: [], names: new Set() };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true), findings);
  return findings;
}

function visit(node: ts.Node, findings: Findings): void {
  for (const read of readers) read(node, findings);
  ts.forEachChild(node, (child) => visit(child, findings));
}

const readers: readonly Reader[] = [
  readDeclaration,
  readImportType,
  readDynamicImport,
  readFileUrl,
  readSibling,
  readName,
  readBareCall,
];

function readDeclaration(node: ts.Node, { imports }: Findings): void {
  if (!ts.isImportDeclaration(node) && !ts.isExportDeclaration(node)) return;
  if (node.moduleSpecifier !== undefined) imports.push((node.moduleSpecifier as ts.StringLiteral).text);
}

function readImportType(node: ts.Node, { imports }: Findings): void {
  if (!ts.isImportTypeNode(node) || !ts.isLiteralTypeNode(node.argument)) return;
  imports.push((node.argument.literal as ts.StringLiteral).text);
}

function readDynamicImport(node: ts.Node, { imports, computedImports }: Findings): void {
  if (!ts.isCallExpression(node) || node.expression.kind !== ts.SyntaxKind.ImportKeyword) return;
  const [specifier] = node.arguments;
  if (specifier === undefined) return;
  if (ts.isStringLiteralLike(specifier)) imports.push(specifier.text);
  else computedImports.push(specifier.getText());
}

// new URL('./x.worker.ts', import.meta.url)
function readFileUrl(node: ts.Node, { imports }: Findings): void {
  if (!ts.isNewExpression(node) || node.expression.getText() !== 'URL') return;
  const name = fileBesideModule(node.arguments);
  if (name !== undefined) imports.push(name);
}

// siblingModule('x.worker', import.meta.url)
function readSibling(node: ts.Node, { imports }: Findings): void {
  if (!ts.isCallExpression(node) || node.expression.getText() !== 'siblingModule') return;
  const name = fileBesideModule(node.arguments);
  if (name !== undefined) imports.push(`${name.startsWith('.') ? '' : './'}${name}.ts`);
}

function fileBesideModule(args: readonly ts.Expression[] = []): string | undefined {
  const [name, base] = args;
  return name && ts.isStringLiteralLike(name) && base?.getText() === 'import.meta.url'
    ? name.text
    : undefined;
}

function readName(node: ts.Node, { names }: Findings): void {
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) names.add(node.getText());
  if (ts.isIdentifier(node) && !namesMember(node)) names.add(node.text);
}

// `new Date(0)` is a value; `new Date()`, `new Date` and `Date()` ask the clock.
function readBareCall(node: ts.Node, { names }: Findings): void {
  if (!ts.isNewExpression(node) && !ts.isCallExpression(node)) return;
  if ((node.arguments?.length ?? 0) > 0) return;
  names.add(`${ts.isNewExpression(node) ? 'new ' : ''}${node.expression.getText()}()`);
}

// `x.process`, `{ process: 1 }` and `process() {}` in a class name a member; `{ process }` refers to the variable.
function namesMember(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isQualifiedName(parent)) return parent.right === node;
  return isMember(parent) && parent.name === node;
}

function isMember(node: ts.Node): node is ts.ClassElement | ts.TypeElement | ts.PropertyAssignment {
  return ts.isClassElement(node) || ts.isTypeElement(node) || ts.isPropertyAssignment(node);
}
