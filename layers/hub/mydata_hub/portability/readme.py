"""What an archive says of itself to whoever opens it, without any hub."""

from __future__ import annotations

from typing import Final

README_TEXT: Final = """\
내 데이터 묶음 (MyData Hub 형식 1)
================================
이 파일은 그 허브가 나에 대해 갖고 있던 것을 모두 담고 있어요. 허브가 없어도 읽을 수 있어요.
- sources-*.jsonl   기록이 어디에서 왔는지
- records/*.jsonl   기록. 한 줄이 하나예요.
- segments-*.jsonl  기록이 어느 봉인, 어느 동의에서 왔는지
- consents-*.jsonl  내가 서명한 동의와 그 서명
- answers-*.jsonl   누구에게 언제 무엇을 답했는지, 몇 비트였는지
- coupons-*.jsonl   내 쿠폰과 썼는지
- entries-*.jsonl   공개 기록에 남은 내 항목과, 그것을 여는 값과 증명
- manifest.json     파일마다 줄 수, 크기, SHA-256. 빠진 것이 있으면 missing에 적혀 있어요.
다른 허브로 옮기기: mydata import <이 파일> --as <이름>
확인하기: mydata archive verify <이 파일>
잠겨 있지 않아요. 아무에게나 보내지 말고 안전한 곳에 두세요.

My data archive (MyData Hub format 1)
=====================================
This file holds everything that the hub kept of you. It can be read without any hub.
- sources-*.jsonl   where the records come from
- records/*.jsonl   the records, one a line
- segments-*.jsonl  which sealed batch and which consent they came by
- consents-*.jsonl  the consents you signed, with the signature
- answers-*.jsonl   who was told what, when, and at what price in bits
- coupons-*.jsonl   your coupons, and what became of each
- entries-*.jsonl   the entries of the public log about you, what opens them, and their proofs
- manifest.json     lines, size and SHA-256 of each file; what is missing stands under "missing"
Take it to another hub: mydata import <this file> --as <name>
Check it: mydata archive verify <this file>
It is not locked. Keep it in a safe place and send it to nobody lightly.

The format: docs/export.md of the project.
"""
