import { describe, expect, test } from "vitest";
import { connect } from "../src/transport";
import { FakeModel, type Request, settle } from "./fake";

const echo = ({ id, op, args }: Request) => ({ id, result: { op, ...args } });

describe.each([
  ["custom messages", true],
  ["synced traits", false],
])("over %s", (_name, messages) => {
  test("each request gets its own answer, however many are under way", async () => {
    const model = new FakeModel({}, echo, messages);
    const transport = connect(model);
    const answers = await Promise.all([1, 2, 3].map((n) => transport.request("page", { n })));
    expect(answers).toEqual([1, 2, 3].map((n) => ({ op: "page", n })));
    expect(new Set(model.sent.map(({ id }) => id)).size).toBe(3);
  });

  test("an error rejects with Python's words, and the next request still works", async () => {
    const python = (request: Request) =>
      request.op === "bad" ? { id: request.id, error: "there is no attribute x" } : echo(request);
    const transport = connect(new FakeModel({}, python, messages));
    await expect(transport.request("bad")).rejects.toThrow("there is no attribute x");
    await expect(transport.request("good")).resolves.toEqual({ op: "good" });
  });

  test("a view ignores the answers to other views of the same model", async () => {
    const model = new FakeModel({}, echo, messages);
    const [one, two] = [connect(model), connect(model)];
    const answers = await Promise.all([one.request("a"), two.request("b")]);
    expect(answers).toEqual([{ op: "a" }, { op: "b" }]);
  });

  test("closing rejects what is under way and stops listening", async () => {
    const model = new FakeModel({}, () => undefined, messages);
    const transport = connect(model);
    const asked = transport.request("page");
    transport.dispose();
    await expect(asked).rejects.toThrow("closed");
    expect(model.listening).toBe(0);
  });
});

test("over traits there is one request at a time, since a trait holds only its last value", async () => {
  const replies: (() => void)[] = [];
  const model = new FakeModel({}, () => undefined, false);
  model.save_changes = () => {
    const request = model.get("_request") as Request;
    model.sent.push(request);
    replies.push(() => model.fromPython("_response", { id: request.id, result: request.op }));
  };
  const transport = connect(model);
  const both = Promise.all([transport.request("a"), transport.request("b")]);
  expect(model.sent.map(({ op }) => op)).toEqual(["a"]);
  replies[0]?.();
  await settle();
  expect(model.sent.map(({ op }) => op)).toEqual(["a", "b"]);
  replies[1]?.();
  expect(await both).toEqual(["a", "b"]);
});
