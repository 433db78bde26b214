/** The part of amaro that is used; the package has no types of its own. */
declare module "amaro" {
  const amaro: { transformSync(source: string, options: { readonly mode: "strip-only" | "transform" }): { readonly code: string } };
  export default amaro;
}
