%% Benchmark of message passing between two Erlang nodes, a (which drives and
%% measures) and b, over the carriers of bench_net.  Settings come from the
%% environment (see run.sh); each measured point is one JSON line on stdout.
-module(bench).
-export([a/0, b/0, local/0]).

-define(BULK, 8388608).      % head of line: bytes of a bulk message
-define(BULK_WINDOW, 2).     % head of line: bulk messages underway

%% ---------------------------------------------------------------------------
%% Node b: starts servers as a asks for them.

b() ->
    net_start(b),
    register(bench_ctl, self()),
    io:format(standard_error, "b is ready~n", []),
    b_loop([]).

b_loop(Running) ->
    receive
        {hello, From} ->
            ok = bench_net:connect_back(os:getenv("BENCH_PEER")),
            reply(From, hello),
            b_loop(Running);
        {start, From, Kind, N} ->
            Pids = [spawn_opt(fun() -> server(Kind, bench_net:lane(channel(Kind), I)) end, [])
                    || I <- lists:seq(1, N)],
            reply(From, {started, Pids}),
            b_loop(Pids ++ Running);
        {stop, From} ->
            [exit(P, kill) || P <- Running],
            reply(From, stopped),
            b_loop([]);
        {cpu, From} ->
            reply(From, {cpu, own_cpu()}),
            b_loop(Running);
        {halt, _From} ->
            halt(0)
    end.

reply(From, Msg) -> bench_net:send(bench_net:lane(small, 0), From, Msg).

channel(small) -> small;
channel(_) -> data.

%% Counts, and acknowledges every quarter of a window.
server(sink, Lane) ->
    receive {from, From, Every} -> sink(Lane, From, Every, 0) end;
%% Sends back what it gets.
server(echo, Lane) ->
    receive
        {echo, From, Seq, Payload} ->
            bench_net:send(Lane, From, {reply, Seq, Payload}),
            server(echo, Lane)
    end;
server(small, Lane) ->
    server(echo, Lane);
%% Acknowledges each message without sending it back.
server(bulk, Lane) ->
    receive
        {bulk, From, Seq, Payload} ->
            bench_net:send(Lane, From, {bulk_ack, Seq, byte_size(Payload)}),
            server(bulk, Lane)
    end.

sink(Lane, From, Every, Count) ->
    receive
        {inc, _} ->
            Next = Count + 1,
            case Next rem Every of
                0 -> bench_net:send(Lane, From, {ack, Next});
                _ -> ok
            end,
            sink(Lane, From, Every, Next)
    end.

%% ---------------------------------------------------------------------------
%% Node a.

a() ->
    net_start(a),
    Node = bench_net:connect(carrier(), os:getenv("BENCH_PEER")),
    ctl(Node, hello, fun() -> receive hello -> ok end end),
    try [scenario(list_to_atom(S), Node) || S <- words("BENCH_SCENARIO", "oneway")]
    after
        bench_net:send(bench_net:lane(small, 0), {bench_ctl, Node}, {halt, none}),
        timer:sleep(300)
    end,
    halt(0).

%% Small tuples one way, N senders to N receivers.
scenario(oneway, Node) ->
    [begin
        Sinks = start(Node, sink, N),
        Acked = counters:new(N, [write_concurrency]),
        Senders = [spawn(fun() -> sender(bench_net:lane(data, I), Sink, Acked, I) end)
                   || {I, Sink} <- numbered(Sinks)],
        timer:sleep(1000),
        Before = meter(Node),
        C0 = total(Acked, N), T0 = now_s(),
        timer:sleep(millis()),
        C1 = total(Acked, N), T1 = now_s(),
        After = meter(Node),
        [exit(P, kill) || P <- Senders],
        stop(Node),
        emit("oneway", [{n, N}, {window, window()}, {seconds, T1 - T0}, {msgs_s, (C1 - C0) / (T1 - T0)}]
             ++ used(Before, After))
     end || N <- ints("BENCH_N", "1 16 128")];

%% N actors, each calling its own server with the payload, one call at a time.
scenario(echo, Node) ->
    [begin
        Payload = binary:copy(<<"0123456789abcdef">>, Size div 16),
        Servers = start(Node, echo, N),
        Parent = self(),
        Actors = [spawn_link(fun() ->
                      Lane = bench_net:lane(data, I),
                      _ = call(Lane, Server, 0, Payload),
                      Parent ! warm,
                      Deadline = receive {go, D} -> D end,
                      Times = caller(Lane, Server, Payload, Deadline, 1, []),
                      Parent ! {times, Times}
                  end) || {I, Server} <- numbered(Servers)],
        [receive warm -> ok end || _ <- Actors],
        Before = meter(Node),
        T0 = now_s(),
        [P ! {go, deadline()} || P <- Actors],
        Times = lists:append([receive {times, Ts} -> Ts end || _ <- Actors]),
        T1 = now_s(),
        After = meter(Node),
        stop(Node),
        Ops = length(Times) / (T1 - T0),
        emit("echo", [{n, N}, {size, Size}, {seconds, T1 - T0}, {ops_s, Ops},
                      {gbit_s_each_way, Ops * Size * 8 / 1.0e9}]
             ++ latency(Times) ++ used(Before, After))
     end || Size <- ints("BENCH_SIZE", "524288 8388608"),
            N <- ints("BENCH_N", "1 16 64 128")];

%% Small calls beside a stream of large messages to the same node: first alone,
%% then with the stream.
scenario(hol, Node) ->
    [begin
        [Small] = start(Node, small, 1),
        Bulk = case Mode of
            quiet -> none;
            stream ->
                [Sink] = start(Node, bulk, 1),
                spawn_link(fun() -> streamer(Sink) end)
        end,
        timer:sleep(1500),
        Before = meter(Node),
        Bytes0 = streamed(Bulk), T0 = now_s(),
        Times = pinger(bench_net:lane(small, 1), Small, deadline(), 0, []),
        Bytes1 = streamed(Bulk), T1 = now_s(),
        After = meter(Node),
        [begin unlink(Bulk), exit(Bulk, kill) end || is_pid(Bulk)],
        stop(Node),
        emit("hol", [{mode, Mode}, {seconds, T1 - T0},
                     {stream_gbit_s, (Bytes1 - Bytes0) * 8 / (T1 - T0) / 1.0e9}]
             ++ latency(Times) ++ used(Before, After))
     end || Mode <- [quiet, stream]].

sender(Lane, Sink, Acked, I) ->
    Window = window(),
    bench_net:send(Lane, Sink, {from, self(), Window div 4}),
    sender(Lane, Sink, Acked, I, Window, 0).

%% May: how many more it may send before the next acknowledgement.
sender(Lane, Sink, Acked, I, 0, Sent) ->
    receive
        {ack, Count} ->
            Before = counters:get(Acked, I),
            counters:put(Acked, I, Count),
            sender(Lane, Sink, Acked, I, Count - Before, Sent)
    end;
sender(Lane, Sink, Acked, I, May, Sent) ->
    bench_net:send(Lane, Sink, {inc, Sent}),
    sender(Lane, Sink, Acked, I, May - 1, Sent + 1).

caller(Lane, Server, Payload, Deadline, Seq, Times) ->
    T0 = erlang:monotonic_time(),
    case T0 >= Deadline of
        true -> Times;
        false ->
            _ = call(Lane, Server, Seq, Payload),
            caller(Lane, Server, Payload, Deadline, Seq + 1,
                   [erlang:monotonic_time() - T0 | Times])
    end.

call(Lane, Server, Seq, Payload) ->
    bench_net:send(Lane, Server, {echo, self(), Seq, Payload}),
    receive {reply, Seq, Back} -> true = byte_size(Back) =:= byte_size(Payload) end.

pinger(Lane, Server, Deadline, Seq, Times) ->
    T0 = erlang:monotonic_time(),
    case T0 >= Deadline of
        true -> Times;
        false ->
            _ = call(Lane, Server, Seq, <<"ping">>),
            T1 = erlang:monotonic_time(),
            timer:sleep(2),
            pinger(Lane, Server, Deadline, Seq + 1, [T1 - T0 | Times])
    end.

streamer(Sink) ->
    Lane = bench_net:lane(data, 1),
    Payload = binary:copy(<<"0123456789abcdef">>, ?BULK div 16),
    streamer(Lane, Sink, Payload, 0, 0).

streamer(Lane, Sink, Payload, Sent, Bytes) ->
    case Sent - Bytes div ?BULK < ?BULK_WINDOW of
        true ->
            bench_net:send(Lane, Sink, {bulk, self(), Sent, Payload}),
            streamer(Lane, Sink, Payload, Sent + 1, Bytes);
        false ->
            receive
                {bulk_ack, _, N} ->
                    put(bytes, Bytes + N),
                    streamer(Lane, Sink, Payload, Sent, Bytes + N)
            end
    end.

streamed(none) -> 0;
streamed(Pid) ->
    {dictionary, D} = process_info(Pid, dictionary),
    proplists:get_value(bytes, D, 0).

%% ---------------------------------------------------------------------------
%% One node: two processes, and many.

local() ->
    [one_node(list_to_atom(S)) || S <- words("BENCH_ROWS", "pingpong oneway spawn")],
    halt(0).

one_node(pingpong) ->
    Rounds = 2000000,
    Self = self(),
    Pong = spawn(fun Loop() -> receive {From, I} -> From ! I, Loop() end end),
    Ping = fun() ->
        spawn_link(fun() ->
            {Us, ok} = timer:tc(fun() -> ping(Pong, Rounds) end),
            Self ! {done, Us}
        end),
        receive {done, Us} -> Us end
    end,
    _ = Ping(),
    emit("local_pingpong", [{msgs_s, 2.0e6 * Rounds / Ping()}]);

%% One way, 1 to 1 and 16 to 16, windowed as between nodes.
one_node(oneway) ->
    [begin
        Acked = counters:new(N, [write_concurrency]),
        persistent_term:put(bench_net, dist),
        Pairs = [begin
                    Sink = spawn(fun() -> server(sink, dist) end),
                    {Sink, spawn(fun() -> sender(dist, Sink, Acked, I) end)}
                 end || I <- lists:seq(1, N)],
        timer:sleep(500),
        T0 = erlang:monotonic_time(), C0 = total(Acked, N),
        timer:sleep(2000),
        T1 = erlang:monotonic_time(), C1 = total(Acked, N),
        [begin exit(X, kill), exit(Y, kill) end || {X, Y} <- Pairs],
        emit("local_oneway", [{n, N}, {window, window()}, {msgs_s, (C1 - C0) * 1.0e9 / nanos(T1 - T0)}])
     end || N <- ints("BENCH_N", "1 16")];

one_node(spawn) ->
    Many = 1000000,
    M0 = erlang:memory(total),
    {Us, Pids} = timer:tc(fun() ->
        [spawn(fun() -> receive stop -> ok end end) || _ <- lists:seq(1, Many)] end),
    true = erlang:system_info(process_count) >= Many,
    %% A list cell is 16 bytes: not the processes'.
    Bytes = (erlang:memory(total) - M0) / Many - 16,
    {StopUs, _} = timer:tc(fun() -> [P ! stop || P <- Pids], drained() end),
    emit("local_spawn", [{processes, Many}, {spawns_s, Many * 1.0e6 / Us},
                         {bytes_each, Bytes}, {stops_s, Many * 1.0e6 / StopUs}]).

ping(_, 0) -> ok;
ping(Pong, N) ->
    Pong ! {self(), N},
    receive N -> ping(Pong, N - 1) end.

drained() ->
    case erlang:system_info(process_count) < 1000 of
        true -> ok;
        false -> timer:sleep(1), drained()
    end.

%% ---------------------------------------------------------------------------

net_start(Role) ->
    bench_net:start(carrier(), Role, os:getenv("BENCH_SELF"), os:getenv("BENCH_PEER")).

carrier() -> list_to_atom(os:getenv("BENCH_CARRIER", "dist")).

start(Node, Kind, N) ->
    ctl(Node, Kind, N, fun() -> receive {started, Pids} -> Pids end end).

stop(Node) ->
    ctl(Node, stop, fun() -> receive stopped -> ok end end),
    erlang:garbage_collect(),
    timer:sleep(200).

ctl(Node, What, Wait) ->
    bench_net:send(bench_net:lane(small, 0), {bench_ctl, Node}, {What, self()}), Wait().
ctl(Node, Kind, N, Wait) ->
    bench_net:send(bench_net:lane(small, 0), {bench_ctl, Node}, {start, self(), Kind, N}), Wait().

numbered(L) -> lists:zip(lists:seq(1, length(L)), L).

total(Counters, N) -> lists:sum([counters:get(Counters, I) || I <- lists:seq(1, N)]).

words(Var, Default) -> string:lexemes(os:getenv(Var, Default), " ").
ints(Var, Default) -> [list_to_integer(W) || W <- words(Var, Default)].
%% One-way: how many messages each sender may have unacknowledged.
window() -> list_to_integer(os:getenv("BENCH_WINDOW", "1024")).
millis() -> list_to_integer(os:getenv("BENCH_SECONDS", "5")) * 1000.

nanos(T) -> erlang:convert_time_unit(T, native, nanosecond).
now_s() -> nanos(erlang:monotonic_time()) / 1.0e9.
deadline() -> erlang:monotonic_time() + erlang:convert_time_unit(millis(), millisecond, native).

%% What both nodes and the machine have used of the processors by now.
meter(Node) ->
    B = ctl(Node, cpu, fun() -> receive {cpu, Cpu} -> Cpu end end),
    {own_cpu(), B, machine_cpu()}.

%% Time, and the processor seconds (user and system) this node has used by it.
own_cpu() ->
    {ok, Stat} = file:read_file("/proc/" ++ os:getpid() ++ "/stat"),
    [_, Rest] = binary:split(Stat, <<") ">>),
    Fields = string:lexemes(binary_to_list(Rest), " "),
    [User, System] = [list_to_integer(lists:nth(I, Fields)) || I <- [12, 13]],
    {now_s(), (User + System) / 100}.

%% Ticks of all processors, busy and idle, whoever used them.
machine_cpu() ->
    {ok, F} = file:open("/proc/stat", [read]),
    {ok, "cpu " ++ Line} = file:read_line(F),
    file:close(F),
    [User, Nice, Sys, Idle, Wait, Irq, Soft, Steal | _] =
        [list_to_integer(W) || W <- string:lexemes(Line, " \n")],
    {User + Nice + Sys + Irq + Soft + Steal, Idle + Wait}.

%% How busy the machine was (1: all of its processors, by whoever ran), and how
%% many processors each node used.
used({A0, B0, {Busy0, Idle0}}, {A1, B1, {Busy1, Idle1}}) ->
    Cpus = fun({T0, C0}, {T1, C1}) -> (C1 - C0) / (T1 - T0) end,
    Busy = Busy1 - Busy0,
    [{machine_busy, Busy / max(1, Busy + Idle1 - Idle0)},
     {a_cpus, Cpus(A0, A1)}, {b_cpus, Cpus(B0, B1)}].

latency(Times) ->
    S = lists:sort(Times),
    N = length(S),
    Ms = fun(T) -> nanos(T) / 1.0e6 end,
    At = fun(P) -> Ms(lists:nth(min(N, trunc(N * P) + 1), S)) end,
    [{ops, N}, {mean_ms, Ms(lists:sum(S)) / N}, {p50_ms, At(0.5)}, {p99_ms, At(0.99)},
     {max_ms, Ms(lists:last(S))}].

emit(Scenario, Fields) ->
    Env = [{run, list_to_integer(os:getenv("BENCH_RUN", "1"))},
           {carrier, carrier()}, {link, list_to_atom(os:getenv("BENCH_LINK", "loop"))}],
    Body = [io_lib:format(",\"~s\":~s", [K, value(V)]) || {K, V} <- Env ++ Fields],
    io:format("{\"scenario\":\"~s\"~s}~n", [Scenario, Body]).

value(V) when is_float(V) -> io_lib:format("~.4f", [V]);
value(V) when is_integer(V) -> integer_to_list(V);
value(V) -> io_lib:format("\"~s\"", [V]).
