"""Writes lstm.json: cases of torch.nn.LSTM in float64.

    python3 lstm.py > lstm.json
"""
import json, torch
torch.manual_seed(0); torch.set_default_dtype(torch.float64)
def T(x): x=x.detach(); return {"shape":list(x.shape),"data":[float(v) for v in x.reshape(-1)]}
cases=[]
for name,B,Tm,I,H,state in [("small",2,5,3,4,False),("one step",1,1,2,3,False),("from a state",3,9,4,5,True),("long",1,40,2,7,False)]:
    m=torch.nn.LSTM(I,H,batch_first=True)
    with torch.no_grad():
        for p in m.parameters(): p.mul_(1.5)
    x=torch.randn(B,Tm,I,requires_grad=True)
    h0=torch.randn(1,B,H)*0.5 if state else torch.zeros(1,B,H); c0=torch.randn(1,B,H) if state else torch.zeros(1,B,H)
    y,(h,c)=m(x,(h0,c0)); dy=torch.randn_like(y)
    names=["weight_ih_l0","weight_hh_l0","bias_ih_l0","bias_hh_l0"]
    ps=[getattr(m,n) for n in names]
    g=torch.autograd.grad((y*dy).sum(),[x]+ps)
    ins={"x":T(x)}; ins.update({n:T(p) for n,p in zip(names,ps)})
    if state: ins["h0"]=T(h0[0]); ins["c0"]=T(c0[0])
    cases.append({"name":name,"inputs":ins,"outputs":{"y":T(y),"h":T(h[0]),"c":T(c[0])},"cotangents":{"y":T(dy)},"status":"normative","grads_status":"normative","grads":dict(zip(["x"]+names,[T(v) for v in g]))})
print(json.dumps({"op":"lstm","set":"visible","dtype":"float64","about":"torch.nn.LSTM of PyTorch %s; grads: of sum <cotangents[o], outputs[o]> with respect to the inputs of the same names"%torch.__version__,"cases":cases},separators=(",",":")))
